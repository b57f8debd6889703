//! Random numbers that are the same on every machine: ChaCha, and integers only. The sampling is implemented here, so that
//! a new version of a library cannot change a world that was used for measurements.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A random number generator that depends on two numbers only.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    /// The generator of one `stream` of the world `seed`; streams are independent of each other.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&stream.to_le_bytes());
        key[16..].copy_from_slice(b"throughline/life");
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number from 0 to `n - 1`, and 0 when `n` is 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        // Multiply and shift: the deviation from uniform is at most n / 2^64.
        ((u128::from(self.0.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True with a probability of `per_mille` / 1,000.
    pub(super) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of `items`, each equally likely.
    ///
    /// # Panics
    /// When `items` is empty; every list here is written out in the code.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// One of `items`, with a probability in proportion to its weight.
    pub(super) fn weighted<T: Copy>(&mut self, items: &[(u64, T)]) -> T {
        let mut left = self.below(items.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in items {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        items[items.len() - 1].1
    }

    /// A random count with the mean `thousandths` / 1,000: half of the mean is certain, the rest follows a geometric
    /// law. So most counts are small and some are large.
    pub(super) fn count(&mut self, thousandths: u64) -> u64 {
        let certain = thousandths / 2_000;
        let open = thousandths - certain * 1_000;
        let again = open * 1_000_000 / (1_000 + open);
        let most = 8 + open / 200;
        let mut extra = 0;
        while extra < most && self.below(1_000_000) < again {
            extra += 1;
        }
        certain + extra
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_depends_on_seed_and_stream_only() {
        let numbers = |seed, stream| {
            let mut random = Random::new(seed, stream);
            (0..8).map(|_| random.below(1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(1, 2), numbers(1, 2));
        assert_ne!(numbers(1, 2), numbers(2, 1));
        assert_ne!(numbers(1, 2), numbers(1, 3));
    }

    #[test]
    fn a_count_has_the_given_mean() {
        for thousandths in [0, 300, 600, 2_500, 10_000] {
            let mut random = Random::new(7, thousandths);
            let sum: u64 = (0..20_000).map(|_| random.count(thousandths)).sum();
            let expected = thousandths * 20;
            assert!(sum.abs_diff(expected) <= expected / 25, "{thousandths}: {sum} not near {expected}");
        }
    }
}
