//! What a file holds against what was made of it.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

pub use super::events::Difference;
use super::events::{Group, Money};
use crate::domain::Timestamp;
use crate::domain::identifier::IdentifierKey;
use crate::domain::money::Amount;

/// The figures of one file or of several.
#[derive(Debug, Default)]
pub struct Reconciliation {
    /// Rows, without heads and blank lines.
    pub rows: u64,
    /// Groups of rows.
    pub groups: u64,
    /// Events that were made and can be read.
    pub events: u64,
    /// Rows or groups that make no event because something in them is wrong, and events that cannot be taken.
    pub rejects: u64,
    /// Groups that name nobody.
    pub walk_ins: u64,
    /// Of each event name and currency: events and sum.
    pub money: BTreeMap<(String, String), (u64, Amount)>,
    /// The same of walk-ins.
    pub walk_in_money: BTreeMap<(String, String), (u64, Amount)>,
    /// The earliest and the latest time.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Groups for which the file's own totals agree.
    pub agreed: u64,
    /// Groups for which they differ.
    pub differ: u64,
    /// The first differences, with their file.
    pub differences: Vec<(String, Difference)>,
    people: People,
}

/// The differences that are kept.
const KEPT: usize = 1_000;

impl Reconciliation {
    pub(crate) fn group(&mut self, file: &str, group: &Group) {
        self.rows += group.rows;
        self.groups += 1;
        self.agreed += group.agreed;
        self.differ += group.differences.len() as u64;
        for difference in &group.differences {
            if self.differences.len() < KEPT {
                self.differences.push((file.to_owned(), difference.clone()));
            }
        }
        if group.events.is_empty() && !group.walk_ins.is_empty() {
            self.walk_ins += 1;
            for money in group.walk_ins.iter().flatten() {
                count(&mut self.walk_in_money, money);
            }
        }
    }

    pub(crate) fn reject(&mut self) {
        self.rejects += 1;
    }

    pub(crate) fn event(&mut self, at: Timestamp, money: Option<&Money>) {
        self.events += 1;
        let (first, last) = self.times.unwrap_or((at, at));
        self.times = Some((first.min(at), last.max(at)));
        if let Some(money) = money {
            count(&mut self.money, money);
        }
    }

    pub(crate) fn person<'k>(&mut self, keys: impl IntoIterator<Item = &'k IdentifierKey>) {
        self.people.join(keys);
    }

    /// The people: identifiers that come together in an event are one. The second value says whether there may be
    /// more.
    pub fn people(&self) -> (u64, bool) {
        (self.people.sets, self.people.full)
    }
}

fn count(sums: &mut BTreeMap<(String, String), (u64, Amount)>, (label, currency, amount): &Money) {
    let sum = sums.entry((label.clone(), currency.clone())).or_default();
    sum.0 += 1;
    sum.1 = sum.1 + *amount;
}

/// Sets of identifiers that are joined, by hash. Limited, so memory is.
#[derive(Debug, Default)]
struct People {
    places: FxHashMap<u64, u32>,
    parents: Vec<u32>,
    sets: u64,
    full: bool,
}

impl People {
    const MOST: usize = 5_000_000;

    fn join<'k>(&mut self, keys: impl IntoIterator<Item = &'k IdentifierKey>) {
        use std::hash::{Hash, Hasher};
        let mut first = None;
        for key in keys {
            let mut hash = rustc_hash::FxHasher::default();
            key.hash(&mut hash);
            let hash = hash.finish();
            let place = match self.places.get(&hash) {
                Some(place) => *place,
                None if self.places.len() >= Self::MOST => {
                    self.full = true;
                    continue;
                }
                None => {
                    let place = self.parents.len() as u32;
                    self.places.insert(hash, place);
                    self.parents.push(place);
                    self.sets += 1;
                    place
                }
            };
            let root = self.root(place);
            match first {
                None => first = Some(root),
                Some(one) if self.root(one) != root => {
                    let one = self.root(one);
                    self.parents[root as usize] = one;
                    self.sets -= 1;
                }
                Some(_) => {}
            }
        }
    }

    fn root(&mut self, mut place: u32) -> u32 {
        while self.parents[place as usize] != place {
            let above = self.parents[self.parents[place as usize] as usize];
            self.parents[place as usize] = above;
            place = above;
        }
        place
    }
}
