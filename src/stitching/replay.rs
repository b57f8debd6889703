//! Who is who, worked out again from evidence and decisions in the order of their arrival.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::accept::{Verdict, accept};
use super::known::{Evidence, Story};
use super::people::{CustomerIx, NameIx, People};
use crate::domain::customer::CustomerId;
use crate::domain::decision::DecisionKind;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId};

/// A decision, told in names.
pub(crate) struct Decided {
    pub(crate) arrival: Arrival,
    pub(crate) kind: DecisionKind,
    pub(crate) sides: Vec<Vec<NameIx>>,
}

/// Takes in what one event said.
pub(crate) fn see(rules: &IdentityRules, people: &mut People, names: &[NameIx]) -> Verdict {
    let mut names = names.to_vec();
    // Stable: within a kind the order of the event's paths stays.
    names.sort_by_key(|&name| people.names[name].rank.unwrap_or(usize::MAX));
    accept(rules, people, &names, &mut nobody)
}

/// Takes in what a person said.
pub(crate) fn decide(rules: &IdentityRules, people: &mut People, decided: &Decided) {
    let customers = customers_of(people, decided.sides.iter().flatten());
    for &customer in &customers {
        people.take_sides(customer);
    }
    match decided.kind {
        DecisionKind::Merge => merge(rules, people, decided, &customers),
        DecisionKind::Split | DecisionKind::KeepApart => part(rules, people, decided, &customers),
    }
    for (n, side) in decided.sides.iter().enumerate() {
        for &name in side {
            people.decide(name, decided.arrival, decided.kind, n as i64 + 1);
        }
    }
}

fn merge(rules: &IdentityRules, people: &mut People, decided: &Decided, customers: &[CustomerIx]) {
    let names = decided.sides.iter().flatten().copied();
    let alone: Vec<NameIx> =
        names.filter(|&n| people.names[n].customer.is_none() && people.names[n].shared_since.is_none()).collect();
    let customer = match customers {
        [] if alone.is_empty() => return,
        [] => people.create(rules, nobody()),
        some => people.merge(some),
    };
    for name in alone {
        people.join(name, customer);
    }
}

/// Whoever holds members of several sides keeps those of one side and everybody else.
fn part(rules: &IdentityRules, people: &mut People, decided: &Decided, customers: &[CustomerIx]) {
    let stays = usize::from(decided.kind == DecisionKind::Split);
    for &customer in customers {
        let of_side = |side: &Vec<NameIx>| -> Vec<NameIx> {
            side.iter().copied().filter(|&name| people.names[name].customer == Some(customer)).collect()
        };
        let mut sides: Vec<Vec<NameIx>> = decided.sides.iter().map(of_side).collect();
        if sides.get(stays).is_some_and(|side| !side.is_empty()) {
            sides[stays].clear();
        } else if let Some(first) = sides.iter_mut().find(|side| !side.is_empty()) {
            // Nobody of the side that stays is here: one of the others does.
            first.clear();
        }
        for side in sides.into_iter().filter(|side| !side.is_empty()) {
            let apart = people.create(rules, nobody());
            for name in side {
                people.leave(name);
                people.join(name, apart);
            }
        }
    }
}

fn customers_of<'a>(people: &People, names: impl Iterator<Item = &'a NameIx>) -> Vec<CustomerIx> {
    let mut customers: Vec<CustomerIx> = names.filter_map(|&name| people.names[name].customer).collect();
    customers.sort_unstable();
    customers.dedup();
    customers
}

/// Nobody asks for an id in a replay.
fn nobody() -> CustomerId {
    CustomerId("".into())
}

/// How `members` hold together by themselves: who belongs to whom, told by what was said of them and
/// of nobody else. Every member is in exactly one part, in the order in which the parts began.
pub(crate) fn parts(rules: &IdentityRules, people: &People, members: &[NameIx], story: &Story) -> Vec<Vec<NameIx>> {
    let mut inside = People::bare(rules);
    let local: FxHashMap<IdentifierId, NameIx> =
        members.iter().map(|&name| (people.names[name].id, inside.take_over(rules, &people.names[name]))).collect();
    let of = |ids: &[IdentifierId]| -> Vec<NameIx> { ids.iter().filter_map(|id| local.get(id).copied()).collect() };
    enum Told<'s> {
        Seen(&'s Evidence),
        Said(DecisionKind, &'s [Vec<IdentifierId>]),
    }
    // By arrival, each once: members that were seen together bring the same set twice.
    let mut told: BTreeMap<Arrival, Told<'_>> =
        story.evidence.iter().map(|seen| (seen.arrival, Told::Seen(seen))).collect();
    told.extend(story.decisions.iter().map(|said| (said.arrival, Told::Said(said.kind, &said.sides))));
    for (arrival, told) in told {
        match told {
            Told::Seen(seen) => {
                let mut names = of(&seen.identifiers);
                names.retain(|&name| inside.names[name].counts_from <= seen.rules_version);
                if !names.is_empty() {
                    see(rules, &mut inside, &names);
                }
            }
            Told::Said(kind, sides) => {
                let sides = sides.iter().map(|side| of(side)).collect();
                decide(rules, &mut inside, &Decided { arrival, kind, sides });
            }
        }
    }
    let mut parts: BTreeMap<Arrival, Vec<NameIx>> = BTreeMap::new();
    let mut alone = Vec::new();
    for &member in members {
        match inside.names[local[&people.names[member].id]].customer {
            Some(customer) => parts.entry(inside.customers[customer].born).or_default().push(member),
            // Refused wherever it was seen: it is somebody by itself, so that nothing is lost.
            None => alone.push(vec![member]),
        }
    }
    parts.into_values().chain(alone).collect()
}
