//! The planner: it takes the facts of a batch one after the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::accept::{Refusal, Verdict, accept};
use super::batch::Batch;
use super::history::History;
use super::known::{ClaimsByOwner, Evidence, IdentityHistory, Known};
use super::record::{self, Log};
use super::rows::{MessageRow, Outcome, Plan};
use super::sharing;
use super::working_set::{IdentifierIx, WorkingSet};
use crate::domain::customer::CustomerId;
use crate::domain::fact::{Derived, Refused};
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// A plan with its outcome, or the rows that are missing.
#[derive(Debug)]
pub enum Planned<T = ()> {
    /// The plan.
    Ready(Box<Plan>, T),
    /// These rows must be in [`Known`] too.
    Needs(Missing),
}

/// Rows that must be in [`Known`] and are not.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    /// Identifiers whose history is needed, since their customer may split.
    pub histories: BTreeSet<IdentifierId>,
    /// Identifiers whose consents are needed, not their whole history.
    pub consents: BTreeSet<IdentifierId>,
    /// Devices whose latest evidence is needed.
    pub sightings: BTreeSet<IdentifierId>,
    /// Claims of owners that [`Batch::claims`] does not name.
    pub claims: ClaimsByOwner,
}

impl Missing {
    /// The histories of these identifiers.
    pub(super) fn histories(identifiers: BTreeSet<IdentifierId>) -> Self {
        Missing { histories: identifiers, ..Missing::default() }
    }

    fn is_empty(&self) -> bool {
        let Missing { histories, consents, sightings, claims } = self;
        histories.is_empty() && consents.is_empty() && sightings.is_empty() && claims.is_empty()
    }
}

/// Plans `batch`. `seq` is its change number, `at` the time of its commit; `new_id` creates ids for customers.
pub fn plan(
    rules: &IdentityRules,
    known: &Known,
    batch: &Batch,
    seq: i64,
    at: Timestamp,
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Planned {
    let mut working_set = WorkingSet::new(rules, known, seq);
    let mut history = History::new(known, seq);
    let mut plan = Plan { seq, at, ..Plan::default() };
    let mut log = Log::new(known);
    let mut seen: FxHashMap<Arc<str>, IdentifierIx> = FxHashMap::default();
    // Each round of reads needs another pass. So a pass with missing rows continues, to find all missing rows.
    let mut missing = Missing::default();
    for (index, fact) in batch.facts.iter().enumerate() {
        if let Some(customer) = known.messages.get(&fact.message_id) {
            plan.outcomes.push(Outcome::Unchanged { customer: customer.clone() });
            continue;
        }
        if let Some(&owner) = seen.get(&fact.message_id) {
            plan.outcomes.push(Outcome::Unchanged { customer: working_set.customer_of(owner) });
            continue;
        }
        if fact.identifiers.iter().any(|identifier| known.suppressed.contains(&identifier.key)) {
            plan.outcomes.push(Outcome::Suppressed);
            continue;
        }
        let arrival = Arrival::new(seq, index as u32);
        // A derived fact was seen in several events: it has the times of all these events.
        let times = fact.times();
        let mut identifiers: Vec<IdentifierIx> =
            fact.identifiers.iter().map(|i| working_set.see(rules, &i.key, times)).collect();
        // Ingest sorts identifiers strongest first, but the rules may have changed since. The sort is stable, as in a
        // replay.
        identifiers.sort_by_key(|&ix| working_set.identifiers[ix].rank.unwrap_or(usize::MAX));
        if let ([alone], None) = (identifiers.as_slice(), &fact.touchpoint) {
            plan.see_alone(working_set.identifiers[*alone].id, fact.at);
        }
        let mut verdict = match &fact.derived {
            None => accept(rules, &mut working_set, &identifiers, new_id),
            Some(derived) => derived_verdict(&working_set, &identifiers, derived),
        };
        let mut kept = log.evidence(rules, &working_set, fact, &identifiers, &verdict);
        // A replay checks every stored set. After a decision, a set that was stored before can also show a shared
        // device.
        let is_decided = || verdict.devices(rules, &working_set).any(|ix| working_set.is_decided(ix));
        if fact.derived.is_none() && (kept.fresh || is_decided()) {
            let earlier = |ix| log.earlier(rules, &working_set, &plan, ix, &mut missing.sightings);
            let apart = sharing::seen_apart(rules, &working_set, &verdict, earlier);
            kept.fresh |= !apart.is_empty();
            verdict.turned_shared.extend(apart);
        }
        let owner = verdict.accepted[0];
        if !fact.claims.is_empty() && !working_set.identifiers[owner].new {
            let claimed = (working_set.identifiers[owner].id, fact.message_id.clone());
            if !known.with_claims.contains(&claimed) {
                missing.claims.insert(claimed, fact.claims.clone());
            }
        }
        log.record(rules, &working_set, &mut plan, fact, &verdict, kept);
        for &ix in &verdict.turned_shared {
            let unlinked = sharing::unlink(&mut working_set, ix, seq);
            let of_it = unlinked.from.map(|_| ix);
            let all: Vec<IdentifierIx> = unlinked.rest.iter().copied().chain(of_it).collect();
            let history_of_all = match unlinked.comes_apart() {
                true => {
                    history_of(known, &working_set, &plan, &all).map_err(|unknown| missing.histories.extend(unknown))
                }
                // A customer with a long history may lose one device after the other. This needs no evidence.
                false => consents_of(known, &working_set, &all).map_err(|unknown| missing.consents.extend(unknown)),
            };
            if let Ok(identity_history) = history_of_all {
                let splits = sharing::part(rules, &mut working_set, &unlinked, &identity_history, new_id);
                record::record_sharing(&working_set, &mut plan, fact, ix, &unlinked, &splits);
                history.consents.part(&working_set, all);
            }
        }
        let is_device = |n: &IdentifierIx| working_set.identifiers[*n].is_device(rules);
        let device_identifiers: Vec<IdentifierIx> = verdict.accepted.iter().copied().filter(is_device).collect();
        let device_identifier = device_identifier_of(rules, &working_set, owner, &identifiers);
        if let Some((key, _)) = &fact.order {
            plan.order_messages.insert(key.clone(), fact.message_id.clone());
        }
        let heard = history.record(
            &mut working_set,
            &mut plan,
            fact,
            arrival,
            &verdict.accepted,
            &device_identifiers,
            device_identifier,
        );
        for &ix in &identifiers {
            if working_set.identifiers[ix].dirty {
                working_set.touch(ix);
            }
        }
        plan.messages.push(MessageRow {
            arrival,
            id: fact.message_id.clone(),
            owner: working_set.identifiers[owner].id,
        });
        seen.insert(fact.message_id.clone(), owner);
        plan.outcomes.push(Outcome::Created { customer: working_set.customer_of(owner), heard });
    }
    if !missing.is_empty() {
        return Planned::Needs(missing);
    }
    history.finish(&mut working_set, &mut plan, known);
    log.finish(&mut plan);
    plan.finish(rules, &mut working_set);
    Planned::Ready(Box::new(plan), ())
}

/// The outcome of a derived fact, as a replay found it. It moves no identifier.
fn derived_verdict(working_set: &WorkingSet, identifiers: &[IdentifierIx], derived: &Derived) -> Verdict {
    let refusal = |ix: IdentifierIx| {
        let Refused { rule, reason, .. } = derived.refused.iter().find(|r| r.key == working_set.identifiers[ix].key)?;
        Some(Refusal { identifier: ix, rule: rule.clone(), reason: reason.clone() })
    };
    let (mut shared, identifiers): (Vec<IdentifierIx>, Vec<IdentifierIx>) =
        identifiers.iter().partition(|&&ix| working_set.identifiers[ix].shared_since.is_some());
    let refused: Vec<Refusal> = identifiers.iter().filter_map(|&ix| refusal(ix)).collect();
    let mut accepted: Vec<IdentifierIx> = identifiers.into_iter().filter(|&ix| refusal(ix).is_none()).collect();
    if accepted.is_empty() {
        // The identifier that the replay accepted is shared by now.
        accepted.push(shared.remove(0));
    }
    // The customer whose identity history gets the refusals.
    let customer = accepted.iter().find_map(|&ix| working_set.identifiers[ix].customer);
    Verdict { accepted, refused, shared, customer, ..Verdict::default() }
}

/// The device identifier of a fact that another identifier owns. Among several device identifiers, shared ones come
/// first, then the strongest.
fn device_identifier_of(
    rules: &IdentityRules,
    working_set: &WorkingSet,
    owner: IdentifierIx,
    identifiers: &[IdentifierIx],
) -> Option<IdentifierIx> {
    if working_set.identifiers[owner].is_device(rules) {
        return None;
    }
    let mut devices = identifiers.iter().copied().filter(|&ix| working_set.identifiers[ix].is_device(rules));
    let strongest = devices.clone().next();
    devices.find(|&ix| working_set.identifiers[ix].shared_since.is_some()).or(strongest)
}

/// The history of these identifiers, including the plan's own evidence. The error has the identifiers whose history is
/// missing.
fn history_of(
    known: &Known,
    working_set: &WorkingSet,
    plan: &Plan,
    identifiers: &[IdentifierIx],
) -> Result<IdentityHistory, BTreeSet<IdentifierId>> {
    let stored = identifiers.iter().map(|&ix| &working_set.identifiers[ix]).filter(|state| !state.new);
    let unknown: BTreeSet<IdentifierId> =
        stored.map(|state| state.id).filter(|id| !known.with_history.contains(id)).collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let ids: FxHashSet<IdentifierId> = identifiers.iter().map(|&ix| working_set.identifiers[ix].id).collect();
    let of_them = |named: &[IdentifierId]| named.iter().any(|id| ids.contains(id));
    let stored = known.histories.evidence.iter().filter(|seen| of_them(&seen.identifiers)).cloned();
    let own = plan.evidence.iter().filter(|row| of_them(&row.identifiers));
    let own = own.map(|row| Evidence {
        arrival: row.arrival,
        identifiers: row.identifiers.clone(),
        rules_version: row.rules_version,
    });
    Ok(IdentityHistory {
        evidence: stored.chain(own).collect(),
        source_messages: FxHashMap::default(),
        decisions: known.histories.decisions.clone(),
        former: known.histories.former.clone(),
        gave: Vec::new(),
    })
}

/// An empty history, if the consents of these identifiers are known. The error has the identifiers whose consents are
/// missing.
fn consents_of(
    known: &Known,
    working_set: &WorkingSet,
    identifiers: &[IdentifierIx],
) -> Result<IdentityHistory, BTreeSet<IdentifierId>> {
    let stored =
        identifiers.iter().map(|&ix| &working_set.identifiers[ix]).filter(|state| !state.new).map(|state| state.id);
    let unknown: BTreeSet<IdentifierId> =
        stored.filter(|id| !known.with_history.contains(id) && !known.with_consents.contains(id)).collect();
    if unknown.is_empty() { Ok(IdentityHistory::default()) } else { Err(unknown) }
}
