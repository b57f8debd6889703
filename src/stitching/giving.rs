//! What goes along when touchpoints of a shared device change their owner: the figures of those who lose and
//! gain them, the orders that were placed in them, and the figures of the customers who hold those.
//!
//! What a device said of traits and consents stays with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::known::Known;
use super::people::People;
use super::plan::{self, Plan};
use crate::domain::order::{Order, OrderKey};
use crate::domain::rules::IdentityRules;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{IdentifierId, Timestamp};

/// A touchpoint that changes its owner.
#[derive(Clone, Debug)]
pub struct Given {
    /// As it was, its owner included.
    pub touchpoint: Touchpoint,
    /// The change since which that owner had it.
    pub since: i64,
    /// The device that did it.
    pub device: IdentifierId,
    /// Who has it from now on: whoever was signed in, or the device again.
    pub to: IdentifierId,
}

impl Given {
    /// The way back, which a touchpoint keeps that is given away.
    pub fn carrier(&self) -> Option<IdentifierId> {
        (self.to != self.device).then_some(self.device)
    }
}

/// The identifiers and the orders that giving these is about.
pub fn concerned(given: &[Given]) -> (FxHashSet<IdentifierId>, FxHashSet<&OrderKey>) {
    let identifiers = given.iter().flat_map(|one| [one.touchpoint.owner, one.to]).collect();
    (identifiers, given.iter().filter_map(|one| one.touchpoint.order.as_ref()).collect())
}

/// When somebody who lost touchpoints of a channel has the latest that is left there.
pub type Latest = FxHashMap<(IdentifierId, Arc<str>), Timestamp>;

/// The identifiers that lose touchpoints, each with the channel, once.
pub fn losers(given: &[Given]) -> FxHashSet<(IdentifierId, Arc<str>)> {
    given.iter().map(|one| (one.touchpoint.owner, one.touchpoint.fact.channel.clone())).collect()
}

/// Whoever is given touchpoints was on their devices then, from the first to the last of them.
pub fn gained_devices(given: &[Given]) -> BTreeMap<(IdentifierId, Arc<str>), (Timestamp, Timestamp)> {
    let mut gained = BTreeMap::new();
    for one in given {
        let Some(device) = &one.touchpoint.device else { continue };
        let at = one.touchpoint.at;
        let (first, last) = gained.entry((one.to, device.clone())).or_insert((at, at));
        (*first, *last) = ((*first).min(at), (*last).max(at));
    }
    gained
}

/// Whoever loses touchpoints was perhaps on their devices for a shorter time. The device's own identifier is nobody's
/// as long as it gives anything away, and a busy one would be counted again with each visit.
pub fn lost_devices(given: &[Given]) -> BTreeSet<(IdentifierId, Arc<str>)> {
    let lost = given.iter().filter(|one| one.touchpoint.owner != one.device);
    lost.filter_map(|one| Some((one.touchpoint.owner, one.touchpoint.device.clone()?))).collect()
}

/// Plans it on what is `known`: the [identifiers](concerned), who holds them and all that those hold, and what
/// was said of the orders. `latest` is of the [`losers`], as it will be.
pub fn give(rules: &IdentityRules, known: &Known, given: Vec<Given>, latest: &Latest, seq: i64, at: Timestamp) -> Plan {
    let mut people = People::new(rules, known, seq);
    let mut plan = Plan { seq, at, ..Plan::default() };
    for one in &given {
        count(&mut people, one, one.touchpoint.owner, -1);
        count(&mut people, one, one.to, 1);
    }
    for ((owner, channel), at) in latest {
        let figures = people.by_id(*owner).and_then(|name| people.touch(name).rollup.channels.get_mut(channel));
        if let Some(figures) = figures {
            figures.last_at = *at;
        }
    }
    plan.orders = orders(&mut people, known, &given);
    plan::finish(rules, &mut people, &mut plan);
    plan.given = given;
    plan
}

/// Takes a touchpoint out of an identifier's figures (`sign` -1) or puts it in (`sign` 1).
fn count(people: &mut People, given: &Given, identifier: IdentifierId, sign: i64) {
    if let Some(name) = people.by_id(identifier) {
        people.touch(name).rollup.count_touchpoint(given.touchpoint.at, &given.touchpoint.fact, sign);
    }
}

/// The orders that were spoken of, with those who own what was said now; and the money of those that were
/// placed, from one to the other.
fn orders(people: &mut People, known: &Known, given: &[Given]) -> Vec<Order> {
    let to: FxHashMap<_, IdentifierId> = given.iter().map(|one| (one.touchpoint.arrival, one.to)).collect();
    let (_, keys) = concerned(given);
    let mut orders = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(said) = known.orders.get(key) else { continue };
        let before = Order::fold(key.clone(), said.clone());
        let mut said = said.clone();
        for event in &mut said {
            event.owner = to.get(&event.arrival).copied().or(event.owner);
        }
        let order = Order::fold(key.clone(), said);
        if order.placed != before.placed {
            for (figures, sign) in [(before.figures(), -1), (order.figures(), 1)] {
                if let Some((owner, currency, part)) = figures
                    && let Some(name) = people.by_id(owner)
                {
                    people.touch(name).rollup.count_order(currency, &part, sign);
                }
            }
        }
        orders.push(order);
    }
    orders.sort_by(|a, b| a.key.cmp(&b.key));
    orders
}
