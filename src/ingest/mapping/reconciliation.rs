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
    /// Groups without any identifier.
    pub walk_ins: u64,
    /// Stored events in which a detail is wrong.
    pub warned: u64,
    /// Events with the id of an event in an earlier file; they change nothing.
    pub repeated: u64,
    /// Of each event name and currency: events and sum.
    pub money: BTreeMap<(String, String), Sum>,
    /// The same of walk-ins.
    pub walk_in_money: BTreeMap<(String, String), Sum>,
    /// The earliest and the latest time.
    pub times: Option<(Timestamp, Timestamp)>,
    /// The number of checks of groups that hold.
    pub agreed: u64,
    /// The number of differences.
    pub differ: u64,
    /// The first differences, with their file.
    pub differences: Vec<(String, Difference)>,
    people: People,
    /// File and row of each message id, by its hash.
    ids: FxHashMap<u64, (u32, u64)>,
    files: u32,
}

/// Money of one name in one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// The number of events.
    pub events: u64,
    /// Their sum.
    pub amount: Amount,
    /// The first of their files and rows.
    pub rows: Vec<(String, u64)>,
}

/// A currency that is not the most common one of a name.
#[derive(Clone, Copy, Debug)]
pub struct OtherCurrency<'a> {
    /// The name of the events.
    pub name: &'a str,
    /// The currency.
    pub currency: &'a str,
    /// Its sum.
    pub sum: &'a Sum,
    /// The events in all currencies.
    pub all: u64,
    /// Whether so few events have it that it may be a mistake.
    pub is_odd: bool,
}

/// The differences that are kept.
const KEPT: usize = 1_000;
/// The rows that are kept of a currency.
const ROWS: usize = 10;
/// A currency is odd when at most one in so many events of a name has it.
const ODD: u64 = 20;

impl Reconciliation {
    pub(crate) fn group(&mut self, file: &str, group: &Group) {
        self.rows += group.rows;
        self.groups += 1;
        self.agreed += group.agreed;
        for difference in &group.differences {
            self.differs(file, difference.clone());
        }
        if group.events.is_empty() && !group.walk_ins.is_empty() {
            self.walk_ins += 1;
            for money in group.walk_ins.iter().flatten() {
                count(&mut self.walk_in_money, money, file, group.first_row);
            }
        }
    }

    fn differs(&mut self, file: &str, difference: Difference) {
        self.differ += 1;
        if self.differences.len() < KEPT {
            self.differences.push((file.to_owned(), difference));
        }
    }

    /// Begins another file.
    pub(crate) fn file(&mut self) {
        self.files += 1;
    }

    /// Whether this is the first event with its message id. A second one in the same file is a difference.
    pub(crate) fn is_first(&mut self, id: &str, file: &str, row: u64) -> bool {
        use std::hash::{Hash, Hasher};
        let mut hash = rustc_hash::FxHasher::default();
        id.hash(&mut hash);
        let hash = hash.finish();
        match self.ids.get(&hash) {
            None if self.ids.len() < People::MOST => {
                self.ids.insert(hash, (self.files, row));
                true
            }
            None => true,
            Some((number, first)) if *number == self.files => {
                let what = format!("the same event as in row {first}");
                self.differs(file, Difference { first_row: row, last_row: row, what });
                false
            }
            Some(_) => {
                self.repeated += 1;
                false
            }
        }
    }

    /// The currencies of a name beside its most common one.
    pub fn other_currencies(&self) -> impl Iterator<Item = OtherCurrency<'_>> {
        self.money.iter().filter_map(|((name, currency), sum)| {
            let of_name = || self.money.iter().filter(|((other, _), _)| other == name);
            let all = of_name().map(|(_, sum)| sum.events).sum();
            let (_, most) = of_name().max_by_key(|(_, sum)| sum.events)?;
            let is_odd = sum.events * ODD <= all;
            (!std::ptr::eq(sum, most)).then_some(OtherCurrency { name, currency, sum, all, is_odd })
        })
    }

    /// Whether a good file would look different.
    pub fn is_odd(&self) -> bool {
        self.rejects > 0 || self.differ > 0 || self.other_currencies().any(|other| other.is_odd)
    }

    pub(crate) fn reject(&mut self) {
        self.rejects += 1;
    }

    pub(crate) fn event(&mut self, at: Timestamp, money: Option<&Money>, file: &str, row: u64) {
        self.events += 1;
        let (first, last) = self.times.unwrap_or((at, at));
        self.times = Some((first.min(at), last.max(at)));
        if let Some(money) = money {
            count(&mut self.money, money, file, row);
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

fn count(sums: &mut BTreeMap<(String, String), Sum>, (label, currency, amount): &Money, file: &str, row: u64) {
    let sum = sums.entry((label.clone(), currency.clone())).or_default();
    sum.events += 1;
    sum.amount += *amount;
    if sum.rows.len() < ROWS {
        sum.rows.push((file.to_owned(), row));
    }
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
