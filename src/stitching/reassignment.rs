//! Plans touchpoints of a shared device that change their owner. This also changes the figures of the old and the new
//! owner, the orders that were placed in these touchpoints, and the figures of the customers.
//!
//! Claims and consents of the device identifier stay with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::known::Known;
use super::rows::{OwnerReassignment, Plan};
use super::working_set::WorkingSet;
use crate::domain::order::{Order, OrderKey};
use crate::domain::rules::IdentityRules;
use crate::domain::{IdentifierId, Timestamp};

/// The identifiers and orders of these reassignments.
pub fn concerned(reassignments: &[OwnerReassignment]) -> (FxHashSet<IdentifierId>, FxHashSet<&OrderKey>) {
    let identifiers = reassignments.iter().flat_map(|one| [one.touchpoint.owner, one.to]).collect();
    (identifiers, reassignments.iter().filter_map(|one| one.touchpoint.order.as_ref()).collect())
}

/// The latest remaining touchpoint of a channel, for identifiers that lose some there.
pub type Latest = FxHashMap<(IdentifierId, Arc<str>), Timestamp>;

/// The identifiers that lose touchpoints, each with the channel, once.
pub fn losers(reassignments: &[OwnerReassignment]) -> FxHashSet<(IdentifierId, Arc<str>)> {
    reassignments.iter().map(|one| (one.touchpoint.owner, one.touchpoint.fact.channel.clone())).collect()
}

/// The devices on which new owners were seen, from the first to the last touchpoint.
pub fn gained_devices(
    reassignments: &[OwnerReassignment],
) -> BTreeMap<(IdentifierId, Arc<str>), (Timestamp, Timestamp)> {
    let mut gained = BTreeMap::new();
    for one in reassignments {
        let Some(device) = &one.touchpoint.device else { continue };
        let at = one.touchpoint.at;
        let (first, last) = gained.entry((one.to, device.clone())).or_insert((at, at));
        (*first, *last) = ((*first).min(at), (*last).max(at));
    }
    gained
}

/// The devices on which old owners were perhaps seen for a shorter time. The device identifier itself is left out: it
/// has no customer while it is shared, and the touchpoints of a busy device would be counted again with each visit.
pub fn lost_devices(reassignments: &[OwnerReassignment]) -> BTreeSet<(IdentifierId, Arc<str>)> {
    let lost = reassignments.iter().filter(|one| one.touchpoint.owner != one.device);
    lost.filter_map(|one| Some((one.touchpoint.owner, one.touchpoint.device.clone()?))).collect()
}

/// Plans the reassignments. `known` has the [identifiers](concerned), their customers with all identifiers, and the
/// events of the orders; `latest` is that of the [`losers`] afterwards.
pub fn reassign(
    rules: &IdentityRules,
    known: &Known,
    reassignments: Vec<OwnerReassignment>,
    latest: &Latest,
    seq: i64,
    at: Timestamp,
) -> Plan {
    let mut working_set = WorkingSet::new(rules, known, seq);
    let mut plan = Plan { seq, at, ..Plan::default() };
    for one in &reassignments {
        count(&mut working_set, one, one.touchpoint.owner, -1);
        count(&mut working_set, one, one.to, 1);
    }
    for ((owner, channel), at) in latest {
        let figures = working_set.by_id(*owner).and_then(|ix| working_set.touch(ix).rollup.channels.get_mut(channel));
        if let Some(figures) = figures {
            figures.last_at = *at;
        }
    }
    plan.orders = orders(&mut working_set, known, &reassignments);
    plan.finish(rules, &mut working_set);
    plan.owner_reassignments = reassignments;
    plan
}

/// Adds a touchpoint to the figures of an identifier (`sign` 1) or subtracts it (`sign` -1).
fn count(working_set: &mut WorkingSet, reassignment: &OwnerReassignment, identifier: IdentifierId, sign: i64) {
    if let Some(ix) = working_set.by_id(identifier) {
        working_set.touch(ix).rollup.count_touchpoint(reassignment.touchpoint.at, &reassignment.touchpoint.fact, sign);
    }
}

/// The orders of the touchpoints, with the new owners of their events. The money of placed orders moves too.
fn orders(working_set: &mut WorkingSet, known: &Known, reassignments: &[OwnerReassignment]) -> Vec<Order> {
    let to: FxHashMap<_, IdentifierId> = reassignments.iter().map(|one| (one.touchpoint.arrival, one.to)).collect();
    let (_, keys) = concerned(reassignments);
    let mut orders = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(events) = known.orders.get(key) else { continue };
        let before = Order::fold(key.clone(), events.clone());
        let mut events = events.clone();
        for event in &mut events {
            event.owner = to.get(&event.arrival).copied().or(event.owner);
        }
        let order = Order::fold(key.clone(), events);
        if order.placed != before.placed {
            for (figures, sign) in [(before.figures(), -1), (order.figures(), 1)] {
                if let Some((owner, currency, part)) = figures
                    && let Some(ix) = working_set.by_id(owner)
                {
                    working_set.touch(ix).rollup.count_order(currency, &part, sign);
                }
            }
        }
        orders.push(order);
    }
    orders.sort_by(|a, b| a.key.cmp(&b.key));
    orders
}
