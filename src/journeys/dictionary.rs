//! Dictionaries: numbers for kinds of touchpoint, purposes, channels of consents, currencies and orders.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::kind::Kinds;
use crate::domain::order::OrderKey;
use crate::domain::{Amount, Currency};

/// Numbers for kinds, purposes, channels of consents, and currencies. It only grows, and a number never changes.
#[derive(Clone, Debug)]
pub(crate) struct Dictionary {
    pub(crate) kinds: Kinds,
    pub(crate) purposes: Vec<Arc<str>>,
    /// The channel with the number n is at n - 1: 0 is all channels.
    pub(crate) channels: Vec<Arc<str>>,
    pub(crate) currencies: Vec<Currency>,
}

impl Dictionary {
    pub(crate) fn new(configured: Arc<[Arc<str>]>) -> Self {
        Dictionary { kinds: Kinds::new(configured), purposes: Vec::new(), channels: Vec::new(), currencies: Vec::new() }
    }

    pub(crate) fn purpose(&mut self, name: &str) -> u16 {
        self.find_purpose(name).unwrap_or_else(|| {
            self.purposes.push(name.into());
            self.purposes.len() as u16 - 1
        })
    }

    pub(crate) fn find_purpose(&self, name: &str) -> Option<u16> {
        self.purposes.iter().position(|own| &**own == name).map(|n| n as u16)
    }

    /// The number of a consent's channel. `None` when it has none yet.
    pub(crate) fn find_channel(&self, channel: Option<&str>) -> Option<u16> {
        let Some(name) = channel else { return Some(0) };
        self.channels.iter().position(|own| **own == *name).map(|n| n as u16 + 1)
    }

    pub(crate) fn channel(&mut self, channel: Option<&Arc<str>>) -> u16 {
        self.find_channel(channel.map(|name| &**name)).unwrap_or_else(|| {
            self.channels.extend(channel.cloned());
            self.channels.len() as u16
        })
    }

    pub(crate) fn currency(&mut self, currency: &Currency) -> u16 {
        let found = self.currencies.iter().position(|own| own == currency);
        found.unwrap_or_else(|| {
            self.currencies.push(currency.clone());
            self.currencies.len() - 1
        }) as u16
    }
}

/// The net of orders, by number: the table of a builder.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderTable {
    numbers: FxHashMap<u64, u32>,
    /// `None` while the order is known from touchpoints only, so that its net is not known.
    now: Vec<Option<Net>>,
}

/// An order's net, with the currency as its number in the dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Net {
    pub(crate) currency: u16,
    pub(crate) amount: Amount,
}

impl OrderTable {
    /// The number of an order; a new order gets the next number.
    pub(crate) fn number_of(&mut self, hash: u64) -> u32 {
        *self.numbers.entry(hash).or_insert_with(|| {
            self.now.push(None);
            self.now.len() as u32 - 1
        })
    }

    pub(crate) fn set(&mut self, number: u32, net: Net) {
        self.now[number as usize] = Some(net);
    }

    /// Each order's hash and net, by number.
    pub(crate) fn all(&self) -> Vec<(u64, Option<Net>)> {
        let mut all: Vec<_> = self.now.iter().map(|now| (0, *now)).collect();
        self.numbers.iter().for_each(|(hash, number)| all[*number as usize].0 = *hash);
        all
    }

    pub(crate) fn bytes(&self) -> usize {
        self.now.len() * size_of::<Option<Net>>() + self.numbers.capacity() * 17
    }
}

/// The net of orders, packed and immutable: the table of a base.
#[derive(Debug, Default)]
pub(crate) struct PackedOrders {
    /// Sorted.
    hashes: Vec<u64>,
    /// The number of each hash.
    numbers: Vec<u32>,
    /// By number.
    amounts: Vec<i128>,
    /// By number; `UNKNOWN` while the net is not known.
    currencies: Vec<u16>,
}

const UNKNOWN: u16 = u16::MAX;

impl PackedOrders {
    /// From each order's hash and net, by number.
    pub(crate) fn of(all: &[(u64, Option<Net>)]) -> Self {
        let mut sorted: Vec<(u64, u32)> = all.iter().map(|(hash, _)| *hash).zip(0..).collect();
        sorted.sort_unstable();
        let (hashes, numbers) = sorted.into_iter().unzip();
        PackedOrders {
            hashes,
            numbers,
            amounts: all.iter().map(|(_, net)| net.map_or(0, |net| net.amount.0)).collect(),
            currencies: all.iter().map(|(_, net)| net.map_or(UNKNOWN, |net| net.currency)).collect(),
        }
    }

    fn number(&self, hash: u64) -> Option<u32> {
        self.hashes.binary_search(&hash).ok().map(|place| self.numbers[place])
    }

    fn now(&self, number: u32) -> Option<Net> {
        let currency = *self.currencies.get(number as usize)?;
        (currency != UNKNOWN).then(|| Net { currency, amount: Amount(self.amounts[number as usize]) })
    }

    fn len(&self) -> usize {
        self.amounts.len()
    }

    fn bytes(&self) -> usize {
        self.len() * (8 + 4 + 16 + 2)
    }
}

/// A base table and the later changes, so that a change does not copy the base.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    base: Arc<PackedOrders>,
    numbers: FxHashMap<u64, u32>,
    now: FxHashMap<u32, Net>,
}

impl Orders {
    pub(crate) fn of(base: PackedOrders) -> Self {
        Orders { base: Arc::new(base), numbers: FxHashMap::default(), now: FxHashMap::default() }
    }

    pub(crate) fn number_of(&mut self, hash: u64) -> u32 {
        let next = (self.base.len() + self.numbers.len()) as u32;
        let late = &mut self.numbers;
        self.base.number(hash).unwrap_or_else(|| *late.entry(hash).or_insert(next))
    }

    pub(crate) fn set(&mut self, number: u32, net: Net) {
        self.now.insert(number, net);
    }

    /// The net of an order; `None` when it is not known.
    pub(crate) fn now(&self, number: u32) -> Option<Net> {
        self.now.get(&number).copied().or_else(|| self.base.now(number))
    }

    /// Each order's hash and net, by number.
    pub(crate) fn all(&self) -> Vec<(u64, Option<Net>)> {
        let count = self.base.len() + self.numbers.len();
        let mut all: Vec<_> = (0..count as u32).map(|number| (0, self.now(number))).collect();
        let base = self.base.hashes.iter().zip(&self.base.numbers);
        base.chain(&self.numbers).for_each(|(hash, number)| all[*number as usize].0 = *hash);
        all
    }

    /// All of it as the table of a builder.
    pub(crate) fn table(&self) -> OrderTable {
        let (hashes, now): (Vec<u64>, _) = self.all().into_iter().unzip();
        OrderTable { numbers: hashes.into_iter().zip(0..).collect(), now }
    }

    /// The number of entries since the base.
    pub(crate) fn late(&self) -> usize {
        self.numbers.len() + self.now.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.base.bytes() + 2 * 17 * self.numbers.capacity() + 40 * self.now.capacity()
    }
}

/// The key of an order: a hash of 64 bits of its source and number. Among ten million orders, the chance that two have
/// the same hash is one in four hundred thousand.
pub(crate) fn order_hash(key: &OrderKey) -> u64 {
    text_hash(&[key.source.as_bytes(), key.number.as_bytes()])
}

/// The key of a session id, which is compared within one customer only. It is never 0.
pub(crate) fn session_hash(id: &str) -> u64 {
    text_hash(&[id.as_bytes()]).max(1)
}

/// A hash that is the same in every version and on every machine, since it is saved. Each step is a one-to-one function
/// of the state. It mixes by a multiplication to 128 bits and a fold.
fn text_hash(parts: &[&[u8]]) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |a: u64, b: u64| {
        let wide = u128::from(a ^ ODD) * u128::from(b ^ 0xD1B5_4A32_D192_ED03);
        (wide as u64) ^ ((wide >> 64) as u64)
    };
    let mut state = ODD;
    for part in parts {
        state = mix(state, part.len() as u64);
        for piece in part.chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            state = mix(state.rotate_left(23), u64::from_le_bytes(word)).wrapping_add(state);
        }
    }
    mix(state, ODD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_texts_have_different_hashes() {
        let mut seen = rustc_hash::FxHashSet::default();
        for n in 0..200_000_u32 {
            assert!(seen.insert(session_hash(&format!("session-{n}"))), "{n}");
            assert!(seen.insert(text_hash(&[b"shop", &n.to_le_bytes()])), "{n}");
        }
        let key = |source: &str, number: &str| OrderKey { source: source.into(), number: number.into() };
        assert_ne!(order_hash(&key("ab", "c")), order_hash(&key("a", "bc")));
        assert_eq!(
            session_hash("a"),
            12_714_642_788_287_987_822,
            "a change of the hash makes every saved projection useless"
        );
    }
}
