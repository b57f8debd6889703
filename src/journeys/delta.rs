//! The delta of a projection: late touchpoints, reassigned ones, and memberships and consents that changed.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::base::{Base, EncodedConsent, NO_INDEX};
use crate::domain::CustomerId;

/// All changes since the base was sorted. It is small beside the base.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delta {
    /// Each owner's late touchpoints by time and arrival.
    pub(crate) late: FxHashMap<i64, Vec<LateTouchpoint>>,
    /// Rows of the base with a new owner, and removed rows.
    pub(crate) gone: FxHashSet<u32>,
    /// The customers of identifiers whose membership changed; `NO_INDEX` for none.
    pub(crate) members: FxHashMap<i64, u32>,
    /// Customers that the base does not have. Their numbers continue those of the base.
    pub(crate) customers: Vec<CustomerId>,
    pub(crate) numbers: FxHashMap<CustomerId, u32>,
    /// All consents of an identifier whose consents changed.
    pub(crate) consents: FxHashMap<i64, Arc<[EncodedConsent]>>,
    /// Computed when a question first needs it.
    overlay: OnceLock<Overlay>,
}

/// A touchpoint that arrived after the base was sorted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LateTouchpoint {
    pub(crate) at: i64,
    pub(crate) arrival: i64,
    pub(crate) kind: u32,
    pub(crate) session: u64,
    pub(crate) order: u32,
}

/// The delta in the form that a scan needs: the rows of each customer that differs from the base.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overlay {
    pub(crate) late: Vec<LateTouchpoint>,
    /// All rows of the customers whose touchpoints changed.
    pub(crate) changed: FxHashMap<u32, Vec<OwnerRows>>,
    /// For each customer whether it is in `changed`, so that other customers need no look-up.
    pub(crate) marks: Vec<bool>,
    /// All rows without a customer, if they changed.
    pub(crate) unowned: Option<Vec<OwnerRows>>,
}

/// One owner's touchpoints: rows of the base, and late ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnerRows {
    pub(crate) base: Range<u32>,
    /// Whether some rows of the base are gone.
    pub(crate) has_gone: bool,
    pub(crate) late: Range<u32>,
}

impl Delta {
    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        let late: usize = self.late.values().map(Vec::len).sum();
        late + self.gone.len() + self.members.len() + self.consents.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        let late: usize = self.late.values().map(|late| 48 + late.capacity() * size_of::<LateTouchpoint>()).sum();
        2 * late
            + 8 * self.gone.capacity()
            + 24 * self.members.capacity()
            + 140 * self.customers.len()
            + 64 * self.consents.len()
    }

    /// The customer of an identifier now, or `NO_INDEX`.
    pub(crate) fn holder(&self, base: &Base, identifier: i64) -> u32 {
        let known = self.members.get(&identifier).copied();
        known.unwrap_or_else(|| base.holder(identifier))
    }

    /// Drops the computed overlay. It must be called after every change.
    pub(crate) fn changed(&mut self) {
        self.overlay = OnceLock::new();
    }

    pub(crate) fn overlay(&self, base: &Base) -> &Overlay {
        self.overlay.get_or_init(|| self.compute_overlay(base))
    }

    fn compute_overlay(&self, base: &Base) -> Overlay {
        let owner_of = |row: &u32| base.rows.owners[base.rows.starts.partition_point(|start| start <= row) - 1];
        let gone_owners: FxHashSet<i64> = self.gone.iter().map(owner_of).collect();
        let mut touched: Vec<i64> = self.members.keys().chain(self.late.keys()).chain(&gone_owners).copied().collect();
        touched.sort_unstable();
        touched.dedup();
        let mut overlay = Overlay::default();
        let mut late_of: FxHashMap<i64, Range<u32>> = FxHashMap::default();
        for identifier in &touched {
            if let Some(late) = self.late.get(identifier) {
                let begin = overlay.late.len() as u32;
                overlay.late.extend(late);
                late_of.insert(*identifier, begin..overlay.late.len() as u32);
            }
        }
        let rows_of = |identifier: i64, owner: Option<u32>| OwnerRows {
            base: owner.map_or(0..0, |owner| {
                let range = base.rows.range(owner);
                range.start as u32..range.end as u32
            }),
            has_gone: gone_owners.contains(&identifier),
            late: late_of.get(&identifier).cloned().unwrap_or(0..0),
        };
        for (customer, rows) in self.rows_by_customer(base, touched, rows_of) {
            if customer == NO_INDEX {
                overlay.unowned = Some(rows);
            } else {
                overlay.changed.insert(customer, rows);
            }
        }
        if !overlay.changed.is_empty() {
            overlay.marks = vec![false; base.memberships.customers.len() + self.customers.len()];
            overlay.changed.keys().for_each(|customer| overlay.marks[*customer as usize] = true);
        }
        overlay
    }

    /// All rows of the customers that have one of the changed identifiers, or had one in the base.
    fn rows_by_customer(
        &self,
        base: &Base,
        touched: Vec<i64>,
        rows_of: impl Fn(i64, Option<u32>) -> OwnerRows,
    ) -> FxHashMap<u32, Vec<OwnerRows>> {
        // First the rows that these customers do not have in the base.
        let mut by_customer: FxHashMap<u32, Vec<OwnerRows>> = FxHashMap::default();
        for identifier in touched {
            let owner = base.rows.owner(identifier);
            if owner.is_none() && !self.late.contains_key(&identifier) {
                continue;
            }
            let before = base.holder(identifier);
            let now = self.holder(base, identifier);
            by_customer.entry(before).or_default();
            let rows = by_customer.entry(now).or_default();
            if owner.is_none() || now != before {
                rows.push(rows_of(identifier, owner));
            }
        }
        // Then the rows that these customers have in the base and still have.
        for (customer, rows) in &mut by_customer {
            let owners = match *customer {
                NO_INDEX => &base.unowned[..],
                known if (known as usize) < base.memberships.customers.len() => base.owners_of(known),
                _ => &[],
            };
            for owner in owners {
                let identifier = base.rows.owners[*owner as usize];
                if self.holder(base, identifier) == *customer {
                    rows.push(rows_of(identifier, Some(*owner)));
                }
            }
            // A fixed order, since the order of the map is not fixed: sums of floats could depend on it.
            rows.sort_unstable_by_key(|own| (own.base.start, own.late.start));
        }
        by_customer
    }
}
