//! Step 5 of "who is who": a device identifier that several people use.
//!
//! It turns out to be shared when it was seen with identifiers of two customers that a limit keeps apart, in one
//! event or in two. An identifier is refused for the first reason that is found; a decision, a cap, a kind that may
//! not merge or a limit on devices may be that, and hides no limit on people. So every customer that it was seen with
//! is looked at, whether the identifier was accepted there or refused.
//!
//! From then on it binds nobody. The customer that had it is worked out again from the evidence without it, and what
//! only it held together comes apart.

use std::collections::BTreeSet;

use super::accept::Verdict;
use super::known::Story;
use super::people::{CustomerIx, NameIx, People};
use super::regroup::{self, Parting};
use super::replay;
use crate::domain::customer::CustomerId;
use crate::domain::rules::IdentityRules;

/// How many of the latest sets that were kept of a device are looked at.
pub const SIGHTINGS: usize = 100;

/// Whether a limit on a kind of people keeps two of these customers apart.
pub(crate) fn apart_by_limit(rules: &IdentityRules, people: &People, customers: &BTreeSet<CustomerIx>) -> bool {
    customers.len() > 1
        && limits(rules).any(|(rank, limit)| {
            // The two that have most of the kind say whether any two have too many.
            let (mut most, mut next) = (0, 0);
            for count in customers.iter().map(|&customer| people.customers[customer].counts[rank]) {
                (most, next) = (most.max(count), next.max(count.min(most)));
            }
            next > 0 && most + next > limit
        })
}

/// The device identifiers of a fact that were seen in other events with a customer that a limit keeps apart from one
/// of this fact. `earlier` names the identifiers that a device was seen with before.
pub(crate) fn seen_apart(
    rules: &IdentityRules,
    people: &People,
    verdict: &Verdict,
    mut earlier: impl FnMut(NameIx) -> Vec<NameIx>,
) -> Vec<NameIx> {
    let customers = verdict.customers(people);
    let is_limited =
        |customer: &CustomerIx| limits(rules).any(|(rank, _)| people.customers[*customer].counts[rank] > 0);
    if !verdict.turned_shared.is_empty() || !customers.iter().any(is_limited) {
        return Vec::new();
    }
    let is_apart = |&name: &NameIx| {
        let listed = earlier(name).into_iter().map(|other| &people.names[other]).filter(|other| other.rank.is_some());
        let mut all = customers.clone();
        all.extend(listed.filter_map(|other| other.customer));
        all.len() > customers.len() && apart_by_limit(rules, people, &all)
    };
    verdict.devices(rules, people).filter(is_apart).collect()
}

/// The limits on kinds that do not live on devices, by the place of the kind.
pub(crate) fn limits(rules: &IdentityRules) -> impl Iterator<Item = (usize, usize)> {
    let of_people = rules.kinds.iter().enumerate().filter(|(_, kind)| !kind.device);
    of_people.filter_map(|(rank, kind)| Some((rank, kind.limit?)))
}

/// An identifier that turned out to be shared.
pub(crate) struct Released {
    /// The customer that had it.
    pub(crate) from: Option<CustomerIx>,
    /// Whether it stays with that customer, which has nothing else: a customer id always finds somebody.
    pub(crate) stays: bool,
    /// The other identifiers of that customer. Their story tells how they hold together without it.
    pub(crate) rest: Vec<NameIx>,
}

impl Released {
    /// Whether those that are left may come apart.
    pub(crate) fn comes_apart(&self) -> bool {
        self.rest.len() > 1
    }
}

/// Makes `name` shared and takes it from its customer.
pub(crate) fn release(people: &mut People, name: NameIx, seq: i64) -> Released {
    let from = people.names[name].customer;
    if let Some(customer) = from {
        people.take_sides(customer);
    }
    people.touch(name).shared_since = Some(seq);
    let stays = from.is_some_and(|customer| people.customers[customer].members.len() == 1);
    if stays {
        return Released { from, stays, rest: Vec::new() };
    }
    people.leave(name);
    let rest = from.map_or(Vec::new(), |customer| people.customers[customer].members.clone());
    Released { from, stays, rest }
}

/// Parts those that only the shared identifier held together.
pub(crate) fn part(
    rules: &IdentityRules,
    people: &mut People,
    released: &Released,
    story: &Story,
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Vec<Parting> {
    let Released { from: Some(customer), rest, .. } = released else { return Vec::new() };
    if !released.comes_apart() {
        return Vec::new();
    }
    let mut parts = replay::parts(rules, people, rest, story);
    // The id stays where the oldest identifier is.
    let oldest = rest.iter().copied().min_by_key(|&n| people.names[n].id);
    let stays = parts.iter().position(|part| oldest.is_some_and(|name| part.contains(&name)));
    parts.remove(stays.unwrap_or(0));
    regroup::part(rules, people, *customer, parts, &story.former, new_id)
}
