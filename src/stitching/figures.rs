//! How a plan changes the store's figures about identities.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::known::Known;
use super::rows::Plan;
use crate::domain::change::{ChangeEntry, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::health::{Health, Names};
use crate::domain::identifier::Identifier;

/// The changes of a plan.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The values to add to the stored figures.
    pub health: Health,
    /// The new number of identifiers of each customer whose number changes; 0 when it was merged.
    pub sizes: BTreeMap<CustomerId, i64>,
}

/// The figures of a plan that was made from `known`.
pub fn figures(known: &Known, plan: &Plan) -> Figures {
    let mut health = Health {
        identifiers: plan.identifiers.iter().filter(|row| row.new).count() as i64,
        merges: plan.merged.len() as i64,
        names: named(plan),
        ..Health::default()
    };
    for entry in &plan.entries {
        if let ChangeEntry::CustomerSplit { others, .. } = entry {
            health.splits += others.len() as i64;
        }
    }
    let refusals = plan.identity_events.iter().filter(|event| event.kind == IdentityEventKind::Refused);
    for rule in refusals.filter_map(|event| event.rule.as_ref()) {
        *health.refused.entry(rule.clone()).or_default() += 1;
    }
    if plan.identifiers.iter().any(|row| row.identifier.is_shared()) || known.identifiers.iter().any(|i| i.is_shared())
    {
        let before: FxHashMap<_, bool> = known.identifiers.iter().map(|i| (i.id, i.is_shared())).collect();
        let was = |i: &Identifier| before.get(&i.id).copied().unwrap_or_default();
        let rows = plan.identifiers.iter().map(|row| &row.identifier);
        // Under other rules a shared identifier can become unshared.
        health.shared = rows.map(|i| i64::from(i.is_shared()) - i64::from(was(i))).sum();
    }
    let sizes = resized(known, plan, &mut health);
    Figures { health, sizes }
}

/// The kinds and channels that it stores rows for.
fn named(plan: &Plan) -> Option<Names> {
    let mut names = Names::default();
    let new = plan.identifiers.iter().filter(|row| row.new);
    new.for_each(|row| Names::note(&mut names.kinds, &row.identifier.key.kind));
    plan.touchpoints.iter().for_each(|touchpoint| Names::note(&mut names.channels, &touchpoint.fact.channel));
    (names != Names::default()).then_some(names)
}

/// The number of identifiers of each customer whose number changes.
fn resized(known: &Known, plan: &Plan, health: &mut Health) -> BTreeMap<CustomerId, i64> {
    let mut sizes: FxHashMap<&CustomerId, (i64, i64)> = FxHashMap::default();
    for row in &plan.memberships {
        for (customer, by) in [(row.from.as_ref(), -1), (row.to.as_ref(), 1)] {
            if let Some(customer) = customer {
                sizes.entry(customer).or_default().1 += by;
            }
        }
    }
    for customer in known.identifiers.iter().filter_map(|i| i.customer.as_ref()) {
        if let Some((before, after)) = sizes.get_mut(customer) {
            *before += 1;
            *after += 1;
        }
    }
    let changed = sizes.into_iter().filter(|(_, (before, after))| before != after);
    changed
        .map(|(customer, (before, after))| {
            health.resize(before, after);
            (customer.clone(), after)
        })
        .collect()
}
