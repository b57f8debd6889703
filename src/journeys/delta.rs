//! What came after the columns were sorted: late touchpoints, moved ones, who holds what since.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::base::{Base, Held, NO};
use crate::domain::CustomerId;

/// Everything since the base, small beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delta {
    /// Each owner's late touchpoints by time and arrival.
    pub(crate) late: FxHashMap<i64, Vec<Late>>,
    /// Touchpoints of the base that hang on another owner now, or are gone.
    pub(crate) gone: FxHashSet<u32>,
    /// Who holds an identifier since, `NO` for nobody.
    pub(crate) members: FxHashMap<i64, u32>,
    /// Customers that the base does not have, numbered on from its last.
    pub(crate) customers: Vec<CustomerId>,
    pub(crate) numbers: FxHashMap<CustomerId, u32>,
    /// All that an identifier holds, since it changed.
    pub(crate) consents: FxHashMap<i64, Arc<[Held]>>,
    /// Worked out when it is first asked for.
    overlay: OnceLock<Overlay>,
}

/// A touchpoint that came late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Late {
    pub(crate) at: i64,
    pub(crate) arrival: i64,
    pub(crate) kind: u32,
    pub(crate) session: u64,
    pub(crate) order: u32,
}

/// What a question needs to know of a delta: whose touchpoints are other than in the base.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overlay {
    pub(crate) late: Vec<Late>,
    /// All runs of those customers whose touchpoints changed.
    pub(crate) changed: FxHashMap<u32, Vec<Run>>,
    /// A bit for each such customer, so that the others cost no look-up.
    pub(crate) marks: Vec<bool>,
    /// All runs that nobody holds, when those changed.
    pub(crate) unowned: Option<Vec<Run>>,
}

/// One owner's touchpoints: those of the base, and late ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) base: Range<u32>,
    /// Whether some of them are gone.
    pub(crate) holes: bool,
    pub(crate) late: Range<u32>,
}

impl Delta {
    /// How many entries it has.
    pub(crate) fn len(&self) -> usize {
        let late: usize = self.late.values().map(Vec::len).sum();
        late + self.gone.len() + self.members.len() + self.consents.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        let late: usize = self.late.values().map(|late| 48 + late.capacity() * size_of::<Late>()).sum();
        2 * late
            + 8 * self.gone.capacity()
            + 24 * self.members.capacity()
            + 140 * self.customers.len()
            + 64 * self.consents.len()
    }

    /// Who holds an identifier now, or `NO`.
    pub(crate) fn holder(&self, base: &Base, identifier: i64) -> u32 {
        let known = self.members.get(&identifier).copied();
        known.unwrap_or_else(|| base.holder(identifier))
    }

    /// Must be called after every change.
    pub(crate) fn changed(&mut self) {
        self.overlay = OnceLock::new();
    }

    pub(crate) fn overlay(&self, base: &Base) -> &Overlay {
        self.overlay.get_or_init(|| self.work_out(base))
    }

    fn work_out(&self, base: &Base) -> Overlay {
        let mut overlay = Overlay::default();
        let mut touched: Vec<i64> = self.members.keys().chain(self.late.keys()).copied().collect();
        let owner_of = |row: &u32| base.rows.owners[base.rows.starts.partition_point(|start| start <= row) - 1];
        touched.extend(self.gone.iter().map(owner_of));
        touched.sort_unstable();
        touched.dedup();
        let holes: FxHashSet<i64> = self.gone.iter().map(owner_of).collect();
        let mut late_of: FxHashMap<i64, Range<u32>> = FxHashMap::default();
        for identifier in &touched {
            if let Some(late) = self.late.get(identifier) {
                let begin = overlay.late.len() as u32;
                overlay.late.extend(late);
                late_of.insert(*identifier, begin..overlay.late.len() as u32);
            }
        }
        let run = |identifier: i64, owner: Option<u32>| Run {
            base: owner.map_or(0..0, |owner| {
                let range = base.rows.range(owner);
                range.start as u32..range.end as u32
            }),
            holes: holes.contains(&identifier),
            late: late_of.get(&identifier).cloned().unwrap_or(0..0),
        };
        // Whoever gained, lost or has late touchpoints; and what each has that the base gives to another.
        let mut gained: FxHashMap<u32, Vec<Run>> = FxHashMap::default();
        for identifier in touched {
            let owner = base.rows.owner(identifier);
            if owner.is_none() && !late_of.contains_key(&identifier) {
                continue;
            }
            let before = base.holder(identifier);
            let now = self.holder(base, identifier);
            gained.entry(before).or_default();
            let gained = gained.entry(now).or_default();
            if owner.is_none() || now != before {
                gained.push(run(identifier, owner));
            }
        }
        for (customer, mut runs) in gained {
            let old = match customer {
                NO => &base.unowned[..],
                known if (known as usize) < base.people.customers.len() => base.runs_of(known),
                _ => &[],
            };
            for owner in old {
                let identifier = base.rows.owners[*owner as usize];
                if self.holder(base, identifier) == customer {
                    runs.push(run(identifier, Some(*owner)));
                }
            }
            // The same order whatever the map's was: answers do not depend on it, but floats might.
            runs.sort_unstable_by_key(|run| (run.base.start, run.late.start));
            if customer == NO {
                overlay.unowned = Some(runs);
            } else {
                overlay.changed.insert(customer, runs);
            }
        }
        if !overlay.changed.is_empty() {
            overlay.marks = vec![false; base.people.customers.len() + self.customers.len()];
            overlay.changed.keys().for_each(|customer| overlay.marks[*customer as usize] = true);
        }
        overlay
    }
}
