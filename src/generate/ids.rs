//! The ids of customers, orders and messages. Every id contains the seed of its world, so two worlds in one store have no
//! id in common.

use std::fmt;

use serde::{Serialize, Serializer};

/// A readable id that can be guessed: `u7-000042` is the account of customer 42 of the world with seed 7, `o7-000042-3` is
/// that customer's third order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id {
    prefix: &'static str,
    seed: u64,
    customer: u64,
    part: Option<u64>,
}

impl Id {
    /// The account of a customer: its user_id.
    pub fn user(seed: u64, customer: u64) -> Self {
        Self::whole("u", seed, customer)
    }

    pub(super) fn loyalty_card(seed: u64, customer: u64) -> Self {
        Self::whole("card", seed, customer)
    }

    pub(super) fn order(seed: u64, customer: u64, number: u64) -> Self {
        Self::part("o", seed, customer, number)
    }

    pub(super) fn cart(seed: u64, customer: u64, number: u64) -> Self {
        Self::part("cart", seed, customer, number)
    }

    pub(super) fn session(seed: u64, customer: u64, number: u64) -> Self {
        Self::part("s", seed, customer, number)
    }

    pub(super) fn device(seed: u64, customer: u64, number: u64) -> Self {
        Self::part("d", seed, customer, number)
    }

    pub(super) fn social_login(seed: u64, customer: u64) -> Self {
        Self::whole("social", seed, customer)
    }

    pub(super) fn group(seed: u64, number: u64) -> Self {
        Self::whole("g", seed, number)
    }

    fn whole(prefix: &'static str, seed: u64, customer: u64) -> Self {
        Self { prefix, seed, customer, part: None }
    }

    fn part(prefix: &'static str, seed: u64, customer: u64, part: u64) -> Self {
        Self { prefix, seed, customer, part: Some(part) }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}-{:06}", self.prefix, self.seed, self.customer)?;
        match self.part {
            Some(part) => write!(f, "-{part}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An id as browsers and apps generate it: a UUID (version 8). It looks and sorts like a random one, and is unique by
/// construction: the first 12 digits are a permutation of a serial number in the world, the others come from the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(u128);

const LOW_48: u64 = (1 << 48) - 1;

impl Token {
    /// The id of the `number`th message of a pair of customers, below 2^18.
    pub(super) fn message(seed: u64, pair: u64, number: u64) -> Self {
        Self::new(seed, 0x2a7, pair << 18 | number)
    }

    /// The `serial`th cookie (below 64) of a customer's device (below 16).
    pub(super) fn cookie(seed: u64, customer: u64, device: u64, serial: u64) -> Self {
        Self::new(seed, 0x15c, customer << 10 | device << 6 | serial)
    }

    fn new(seed: u64, purpose: u128, number: u64) -> Self {
        let world = mix_64(seed);
        let front = u128::from(mix_48(number & LOW_48, world));
        let tail = purpose << 64 | u128::from(world);
        let (high, low) = (tail >> 62, tail & ((1 << 62) - 1));
        Self(front << 80 | 0x8 << 76 | high << 64 | 0b10 << 62 | low)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text();
        serializer.serialize_str(std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
    }
}

impl Token {
    fn text(self) -> [u8; 36] {
        let mut text = [b'-'; 36];
        let mut nibble = 128;
        for (place, letter) in text.iter_mut().enumerate() {
            if !matches!(place, 8 | 13 | 18 | 23) {
                nibble -= 4;
                *letter = b"0123456789abcdef"[(self.0 >> nibble) as usize & 15];
            }
        }
        text
    }
}

/// A permutation of the numbers below 2^64: the finishing step of SplitMix64
/// (Steele, Lea and Flood 2014).
fn mix_64(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A permutation of the numbers below 2^48, a different one for each `key`: each of the steps can be inverted.
fn mix_48(number: u64, key: u64) -> u64 {
    let mut x = number ^ (key & LOW_48);
    for odd in [0x5851_f42d_4c95, 0xd134_2543_de83] {
        x = x.wrapping_mul(odd) & LOW_48;
        x ^= x >> 24;
    }
    x
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_of_many_seeds_and_numbers_all_differ() {
        let mut seen = HashSet::new();
        for seed in (0..20).chain([u64::MAX, u64::MAX - 1, 1 << 63]) {
            for number in 0..500 {
                assert!(seen.insert(Token::message(seed, number / 7, number % 7)));
                assert!(seen.insert(Token::cookie(seed, number / 6, number % 3, number % 2)));
            }
        }
        assert_eq!(seen.len(), 23 * 1_000);
    }

    #[test]
    fn a_token_is_a_well_formed_uuid() {
        for seed in 0..200 {
            let text = Token::message(seed, seed * 31, seed).to_string();
            let parsed = uuid::Uuid::parse_str(&text).expect("a uuid");
            assert_eq!(parsed.get_version_num(), 8);
            assert_eq!(parsed.get_variant(), uuid::Variant::RFC4122);
        }
    }

    #[test]
    fn an_id_says_whose_it_is() {
        assert_eq!(Id::user(7, 42).to_string(), "u7-000042");
        assert_eq!(Id::order(7, 42, 3).to_string(), "o7-000042-3");
    }
}
