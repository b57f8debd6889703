//! Step 5 of identity resolution: device identifiers that several people use.
//!
//! A device identifier is shared when it was seen with identifiers of two customers that a limit keeps apart, in one
//! event or in two. An identifier is refused for the first reason that is found: a decision, a cap, a kind that may not
//! merge, a limit on devices. That reason must not hide a limit on people. So every customer that the device was seen
//! with counts, whether the device was accepted there or refused.
//!
//! From then on it joins no customers. The customer that had it is replayed without it, and may split.

use std::collections::BTreeSet;

use super::accept::Verdict;
use super::known::IdentityHistory;
use super::regroup::{self, SplitResult};
use super::replay;
use super::working_set::{CustomerIx, IdentifierIx, WorkingSet};
use crate::domain::customer::CustomerId;
use crate::domain::rules::IdentityRules;

/// The number of a device's latest rows of evidence that are looked at.
pub const SIGHTINGS: usize = 100;

/// Whether a limit on a kind of people keeps two of these customers apart.
pub(crate) fn apart_by_limit(
    rules: &IdentityRules,
    working_set: &WorkingSet,
    customers: &BTreeSet<CustomerIx>,
) -> bool {
    customers.len() > 1
        && limits(rules).any(|(rank, limit)| {
            // The two customers with the most identifiers of the kind show whether any two have too many.
            let (mut most, mut next) = (0, 0);
            for count in customers.iter().map(|&customer| working_set.customers[customer].counts[rank]) {
                (most, next) = (most.max(count), next.max(count.min(most)));
            }
            next > 0 && most + next > limit
        })
}

/// The device identifiers of a fact that were seen in other events with a customer that a limit keeps apart from one of
/// this fact. `earlier` gives the identifiers that were seen with a device before.
pub(crate) fn seen_apart(
    rules: &IdentityRules,
    working_set: &WorkingSet,
    verdict: &Verdict,
    mut earlier: impl FnMut(IdentifierIx) -> Vec<IdentifierIx>,
) -> Vec<IdentifierIx> {
    let customers = verdict.customers(working_set);
    let is_limited =
        |customer: &CustomerIx| limits(rules).any(|(rank, _)| working_set.customers[*customer].counts[rank] > 0);
    if !verdict.turned_shared.is_empty() || !customers.iter().any(is_limited) {
        return Vec::new();
    }
    let is_apart = |&ix: &IdentifierIx| {
        let listed =
            earlier(ix).into_iter().map(|other| &working_set.identifiers[other]).filter(|other| other.rank.is_some());
        let mut all = customers.clone();
        all.extend(listed.filter_map(|other| other.customer));
        all.len() > customers.len() && apart_by_limit(rules, working_set, &all)
    };
    verdict.devices(rules, working_set).filter(is_apart).collect()
}

/// The limits on kinds that do not live on devices, by the place of the kind.
pub(crate) fn limits(rules: &IdentityRules) -> impl Iterator<Item = (usize, usize)> {
    let of_people = rules.kinds.iter().enumerate().filter(|(_, kind)| !kind.device);
    of_people.filter_map(|(rank, kind)| Some((rank, kind.limit?)))
}

/// An identifier that became shared.
pub(crate) struct Unlinked {
    /// Its former customer.
    pub(crate) from: Option<CustomerIx>,
    /// Whether it stays with that customer, because the customer has no other identifier: a customer id must always
    /// find a customer.
    pub(crate) stays: bool,
    /// The other identifiers of that customer. Their history says which of them stay together.
    pub(crate) rest: Vec<IdentifierIx>,
}

impl Unlinked {
    /// Whether that customer may split.
    pub(crate) fn comes_apart(&self) -> bool {
        self.rest.len() > 1
    }
}

/// Makes `ix` shared and takes it from its customer.
pub(crate) fn unlink(working_set: &mut WorkingSet, ix: IdentifierIx, seq: i64) -> Unlinked {
    let from = working_set.identifiers[ix].customer;
    if let Some(customer) = from {
        working_set.take_sides(customer);
    }
    working_set.touch(ix).shared_since = Some(seq);
    let stays = from.is_some_and(|customer| working_set.customers[customer].members.len() == 1);
    if stays {
        return Unlinked { from, stays, rest: Vec::new() };
    }
    working_set.leave(ix);
    let rest = from.map_or(Vec::new(), |customer| working_set.customers[customer].members.clone());
    Unlinked { from, stays, rest }
}

/// Splits the customer into the parts that only the shared identifier connected.
pub(crate) fn part(
    rules: &IdentityRules,
    working_set: &mut WorkingSet,
    unlinked: &Unlinked,
    identity_history: &IdentityHistory,
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Vec<SplitResult> {
    let Unlinked { from: Some(customer), rest, .. } = unlinked else { return Vec::new() };
    if !unlinked.comes_apart() {
        return Vec::new();
    }
    let mut parts = replay::parts(rules, working_set, rest, identity_history);
    // The id stays with the oldest identifier.
    let oldest = rest.iter().copied().min_by_key(|&n| working_set.identifiers[n].id);
    let stays = parts.iter().position(|part| oldest.is_some_and(|ix| part.contains(&ix)));
    parts.remove(stays.unwrap_or(0));
    regroup::part(rules, working_set, *customer, parts, &identity_history.former, new_id)
}
