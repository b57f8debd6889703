//! Figures about identities in the whole store. Every write updates them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The stored figures; also the additions of one write, and then `names` has the names of this write. The stores keep
/// the figures as JSON beside the change number. So both are from the same moment, and a read costs the same in a store
/// of any size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// The number of identifiers, including identifiers without a customer.
    pub identifiers: i64,
    /// The number of customers by their number of identifiers, without merged ones.
    pub sizes: BTreeMap<i64, i64>,
    /// How many customers were merged into another so far.
    pub merges: i64,
    /// How many customers were split off another so far.
    pub splits: i64,
    /// The number of refusals in identity histories, by rule.
    pub refused: BTreeMap<Arc<str>, i64>,
    /// Identifiers that several people share.
    pub shared: i64,
    /// Names in use; `None` in an empty store, and in a store that did not keep names from its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Names>,
}

/// Names of senders that are in use. So an unknown name can be told from a name without results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Names {
    /// The kinds of stored identifiers.
    pub kinds: BTreeSet<Arc<str>>,
    /// The channels of stored touchpoints.
    pub channels: BTreeSet<Arc<str>>,
}

impl Names {
    /// The maximum. Above it no names are kept, and every name counts as known. So the data that every write reads
    /// stays small.
    const MOST: usize = 200;
    /// Longer ones neither.
    const LONGEST: usize = 100;

    /// Adds a name to `kinds` or `channels`.
    pub fn note(names: &mut BTreeSet<Arc<str>>, name: &Arc<str>) {
        if names.len() <= Self::MOST && name.len() <= Self::LONGEST && !names.contains(name) {
            names.insert(name.clone());
        }
    }

    /// Whether a name may be in use.
    pub fn may_have(names: &BTreeSet<Arc<str>>, name: &str) -> bool {
        names.len() > Self::MOST || name.len() > Self::LONGEST || names.contains(name)
    }

    fn add(&mut self, other: &Names) {
        other.kinds.iter().for_each(|name| Self::note(&mut self.kinds, name));
        other.channels.iter().for_each(|name| Self::note(&mut self.channels, name));
    }
}

/// Customers with `from` to `to` identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// At least.
    pub from: i64,
    /// At most.
    pub to: i64,
    /// How many.
    pub count: i64,
}

/// How near the size of the largest customer is to the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// Far from it.
    Far,
    /// At four fifths of the maximum or more.
    Near,
    /// Above the maximum: after a person's merge, or after the maximum was lowered.
    Past,
}

impl Health {
    /// Adds the figures of a write.
    pub fn add(&mut self, other: &Health) {
        if let Some(new) = &other.names {
            match &mut self.names {
                Some(names) => names.add(new),
                // An incomplete list of names would look complete.
                None if self.identifiers == 0 => self.names = Some(new.clone()),
                None => {}
            }
        }
        self.identifiers += other.identifiers;
        self.merges += other.merges;
        self.splits += other.splits;
        self.shared += other.shared;
        add_each(&mut self.sizes, &other.sizes);
        add_each(&mut self.refused, &other.refused);
    }

    /// Whether it would change nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Health::default()
    }

    /// Records that a customer had `before` identifiers and has `after` now; 0 is no customer.
    pub fn resize(&mut self, before: i64, after: i64) {
        for (size, by) in [(before, -1), (after, 1)] {
            if size > 0 {
                add_one(&mut self.sizes, size, by);
            }
        }
    }

    /// Customers.
    pub fn customers(&self) -> i64 {
        self.sizes.values().sum()
    }

    /// The number of identifiers of the largest customer; 0 without customers.
    pub fn largest(&self) -> i64 {
        self.sizes.keys().next_back().copied().unwrap_or_default()
    }

    /// How many customers have more identifiers than this.
    pub fn larger_than(&self, size: i64) -> i64 {
        self.sizes.range(size + 1..).map(|(_, count)| count).sum()
    }

    /// How near the largest customer is to the maximum.
    pub fn nearness(&self, cap: usize) -> Nearness {
        let (largest, cap) = (self.largest(), i64::try_from(cap).unwrap_or(i64::MAX));
        match () {
            () if largest > cap => Nearness::Past,
            () if largest.saturating_mul(5) >= cap.saturating_mul(4) => Nearness::Near,
            () => Nearness::Far,
        }
    }

    /// The warning as text, when the largest customer is near the maximum or above it.
    pub fn warning(&self, cap: usize) -> Option<String> {
        let largest = self.largest();
        let advice = "something that many people share may have joined them: look at `largest` of `identityHealth`";
        match self.nearness(cap) {
            Nearness::Far => None,
            Nearness::Near => Some(format!("a customer has {largest} identifiers of at most {cap}; {advice}")),
            Nearness::Past => Some(format!("a customer has {largest} identifiers, at most {cap} are meant; {advice}")),
        }
    }

    /// The number of customers by number of identifiers, up to the largest: 1, 2, 3–5, 6–10, 11–20, 21–50, and so on.
    /// The counts add up to [`customers`](Self::customers).
    pub fn histogram(&self) -> Vec<Bucket> {
        let up_to = self.largest();
        buckets()
            .take_while(|(from, _)| *from <= up_to)
            .map(|(from, to)| Bucket { from, to, count: self.sizes.range(from..=to).map(|(_, n)| n).sum() })
            .collect()
    }
}

/// The bounds of the histogram's buckets, without end.
pub fn buckets() -> impl Iterator<Item = (i64, i64)> {
    let ends = (0_u32..17).flat_map(|zeros| [1, 2, 5].map(|digit| digit * 10_i64.pow(zeros)));
    ends.scan(0, |last, end| {
        let from = *last + 1;
        *last = end;
        Some((from, end))
    })
}

fn add_each<K: Ord + Clone>(sums: &mut BTreeMap<K, i64>, others: &BTreeMap<K, i64>) {
    others.iter().for_each(|(key, &by)| add_one(sums, key.clone(), by));
}

/// A count of zero is removed.
fn add_one<K: Ord + Clone>(sums: &mut BTreeMap<K, i64>, key: K, by: i64) {
    let sum = sums.entry(key.clone()).or_default();
    *sum += by;
    if *sum == 0 {
        sums.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_sizes(sizes: &[(i64, i64)]) -> Health {
        Health { sizes: sizes.iter().copied().collect(), ..Health::default() }
    }

    #[test]
    fn the_histogram_ends_with_the_largest_and_adds_up() {
        assert_eq!(of_sizes(&[]).histogram(), []);
        let health = of_sizes(&[(1, 4), (3, 2), (5, 1), (6, 1), (201, 1)]);
        let rows: Vec<_> = health.histogram().iter().map(|b| (b.from, b.to, b.count)).collect();
        let expected = [
            (1, 1, 4),
            (2, 2, 0),
            (3, 5, 3),
            (6, 10, 1),
            (11, 20, 0),
            (21, 50, 0),
            (51, 100, 0),
            (101, 200, 0),
            (201, 500, 1),
        ];
        assert_eq!(rows, expected);
        assert_eq!(rows.iter().map(|row| row.2).sum::<i64>(), health.customers());
    }

    #[test]
    fn sums_that_come_to_nothing_are_forgotten() {
        let mut health = of_sizes(&[(1, 1)]);
        let mut merge = Health { merges: 1, ..Health::default() };
        assert!(!merge.is_nothing());
        merge.resize(1, 3);
        merge.resize(2, 0);
        health.resize(0, 2);
        health.add(&merge);
        assert_eq!((health.sizes.clone(), health.merges), (BTreeMap::from([(3, 1)]), 1));
    }

    #[test]
    fn the_cap_is_neared_and_passed() {
        let at = |size| of_sizes(&[(1, 9), (size, 1)]).nearness(200);
        assert_eq!(
            [at(159), at(160), at(200), at(201)],
            [Nearness::Far, Nearness::Near, Nearness::Near, Nearness::Past]
        );
        assert_eq!(of_sizes(&[(3, 2), (201, 1), (300, 2)]).larger_than(200), 3);
        assert_eq!(Health::default().nearness(2), Nearness::Far);
        assert_eq!(of_sizes(&[(159, 1)]).warning(200), None);
        let words = [160, 201].map(|size| of_sizes(&[(size, 1)]).warning(200).expect("a warning"));
        assert!(words[0].starts_with("a customer has 160 identifiers of at most 200;"), "{}", words[0]);
        assert!(words[1].starts_with("a customer has 201 identifiers, at most 200 are meant;"), "{}", words[1]);
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let mut health = of_sizes(&[(2, 7)]);
        health.refused.insert("user_id".into(), 3);
        let text = serde_json::to_string(&health).expect("JSON");
        assert_eq!(serde_json::from_str::<Health>(&text).expect("the same"), health);
        assert_eq!(serde_json::from_str::<Health>("{}").expect("nothing yet"), Health::default());
    }
}
