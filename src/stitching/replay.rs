//! Repeats evidence and decisions, in the order of their arrival.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::accept::{Verdict, accept};
use super::known::{Evidence, IdentityHistory};
use super::working_set::{CustomerIx, IdentifierIx, WorkingSet};
use crate::domain::customer::CustomerId;
use crate::domain::decision::DecisionKind;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId};

/// A decision, by places in the working set.
pub(crate) struct ReplayedDecision {
    pub(crate) arrival: Arrival,
    pub(crate) kind: DecisionKind,
    pub(crate) sides: Vec<Vec<IdentifierIx>>,
}

/// Accepts or refuses the identifiers of one event.
pub(crate) fn see(rules: &IdentityRules, working_set: &mut WorkingSet, identifiers: &[IdentifierIx]) -> Verdict {
    let mut identifiers = identifiers.to_vec();
    // A stable sort keeps the order of the event's paths within a kind.
    identifiers.sort_by_key(|&ix| working_set.identifiers[ix].rank.unwrap_or(usize::MAX));
    accept(rules, working_set, &identifiers, &mut nobody)
}

/// Applies a decision.
pub(crate) fn decide(rules: &IdentityRules, working_set: &mut WorkingSet, decided: &ReplayedDecision) {
    let customers = customers_of(working_set, decided.sides.iter().flatten());
    for &customer in &customers {
        working_set.take_sides(customer);
    }
    match decided.kind {
        DecisionKind::Merge => merge(rules, working_set, decided, &customers),
        DecisionKind::Split | DecisionKind::KeepApart => part(rules, working_set, decided, &customers),
    }
    for (n, side) in decided.sides.iter().enumerate() {
        for &ix in side {
            working_set.decide(ix, decided.arrival, decided.kind, n as i64 + 1);
        }
    }
}

fn merge(rules: &IdentityRules, working_set: &mut WorkingSet, decided: &ReplayedDecision, customers: &[CustomerIx]) {
    let identifiers = decided.sides.iter().flatten().copied();
    let alone: Vec<IdentifierIx> = identifiers
        .filter(|&n| working_set.identifiers[n].customer.is_none() && working_set.identifiers[n].shared_since.is_none())
        .collect();
    let customer = match customers {
        [] if alone.is_empty() => return,
        [] => working_set.create(rules, nobody()),
        some => working_set.merge(some),
    };
    for ix in alone {
        working_set.join(ix, customer);
    }
}

/// A customer with members of several sides keeps the members of one side and all members without a side.
fn part(rules: &IdentityRules, working_set: &mut WorkingSet, decided: &ReplayedDecision, customers: &[CustomerIx]) {
    let stays = usize::from(decided.kind == DecisionKind::Split);
    for &customer in customers {
        let of_side = |side: &Vec<IdentifierIx>| -> Vec<IdentifierIx> {
            side.iter().copied().filter(|&ix| working_set.identifiers[ix].customer == Some(customer)).collect()
        };
        let mut sides: Vec<Vec<IdentifierIx>> = decided.sides.iter().map(of_side).collect();
        if sides.get(stays).is_some_and(|side| !side.is_empty()) {
            sides[stays].clear();
        } else if let Some(first) = sides.iter_mut().find(|side| !side.is_empty()) {
            // It has no member of the side that should stay, so another side stays.
            first.clear();
        }
        for side in sides.into_iter().filter(|side| !side.is_empty()) {
            let apart = working_set.create(rules, nobody());
            for ix in side {
                working_set.leave(ix);
                working_set.join(ix, apart);
            }
        }
    }
}

fn customers_of<'a>(working_set: &WorkingSet, identifiers: impl Iterator<Item = &'a IdentifierIx>) -> Vec<CustomerIx> {
    let mut customers: Vec<CustomerIx> = identifiers.filter_map(|&ix| working_set.identifiers[ix].customer).collect();
    customers.sort_unstable();
    customers.dedup();
    customers
}

/// A replay needs no ids.
fn nobody() -> CustomerId {
    CustomerId("".into())
}

/// The parts that `members` form by themselves: only evidence and decisions about these members count, and no other
/// identifiers. Every member is in exactly one part; the parts are in the order in which they began.
pub(crate) fn parts(
    rules: &IdentityRules,
    working_set: &WorkingSet,
    members: &[IdentifierIx],
    identity_history: &IdentityHistory,
) -> Vec<Vec<IdentifierIx>> {
    let mut inside = WorkingSet::bare(rules);
    let local: FxHashMap<IdentifierId, IdentifierIx> = members
        .iter()
        .map(|&ix| (working_set.identifiers[ix].id, inside.take_over(rules, &working_set.identifiers[ix])))
        .collect();
    let of =
        |ids: &[IdentifierId]| -> Vec<IdentifierIx> { ids.iter().filter_map(|id| local.get(id).copied()).collect() };
    enum Entry<'s> {
        Evidence(&'s Evidence),
        Decision(DecisionKind, &'s [Vec<IdentifierId>]),
    }
    // By arrival, each once: the histories of two members have the same evidence.
    let mut entries: BTreeMap<Arrival, Entry<'_>> =
        identity_history.evidence.iter().map(|seen| (seen.arrival, Entry::Evidence(seen))).collect();
    entries.extend(
        identity_history
            .decisions
            .iter()
            .map(|decision| (decision.arrival, Entry::Decision(decision.kind, &decision.sides))),
    );
    for (arrival, entry) in entries {
        match entry {
            Entry::Evidence(seen) => {
                let mut identifiers = of(&seen.identifiers);
                identifiers.retain(|&ix| inside.identifiers[ix].counts_from <= seen.rules_version);
                if !identifiers.is_empty() {
                    see(rules, &mut inside, &identifiers);
                }
            }
            Entry::Decision(kind, sides) => {
                let sides = sides.iter().map(|side| of(side)).collect();
                decide(rules, &mut inside, &ReplayedDecision { arrival, kind, sides });
            }
        }
    }
    let mut parts: BTreeMap<Arrival, Vec<IdentifierIx>> = BTreeMap::new();
    let mut alone = Vec::new();
    for &member in members {
        match inside.identifiers[local[&working_set.identifiers[member].id]].customer {
            Some(customer) => parts.entry(inside.customers[customer].created_seq).or_default().push(member),
            // It was refused everywhere, so it gets a part of its own. No member is lost.
            None => alone.push(vec![member]),
        }
    }
    parts.into_values().chain(alone).collect()
}
