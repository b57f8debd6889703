//! The replay of all stored evidence and decisions, under any rules.
//!
//! Under the present rules it gives exactly the present partition. A million identifiers with their evidence take some
//! hundred megabytes.

mod evidence_index;
mod explanation;

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::accept::{Refusal, Verdict};
use super::known::{Evidence, IdentityHistory};
use super::replay::{self, ReplayedDecision};
use super::sharing;
use super::working_set::{IdentifierIx, WorkingSet};
use crate::domain::customer::CustomerId;
use crate::domain::decision::Decision;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, IdentifierKey};
use evidence_index::EvidenceIndex;
pub use explanation::{CurrentIdentifier, Cut, Explanation};

/// Later than any version of the rules.
pub(crate) const NEVER: i64 = i64::MAX;

/// A replay in progress.
pub struct Restitch<'r> {
    rules: &'r IdentityRules,
    working_set: WorkingSet,
    /// The number of stored identifiers. The identifiers after these are [not stored](Restitch::add_unstored).
    stored: usize,
    /// In order of arrival. The decisions before `decided` are applied.
    decisions: Vec<Decision>,
    decided: usize,
    evidence: EvidenceIndex,
}

/// A partition of identifiers into customers, in the order in which they were [added](Restitch::add).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// The group of each identifier; `None` when it has no customer. The numbers have no order.
    pub groups: Vec<Option<u32>>,
    /// Whether each is shared.
    pub shared: Vec<bool>,
}

impl<'r> Restitch<'r> {
    /// A replay under `rules`, with all decisions.
    pub fn new(rules: &'r IdentityRules, mut decisions: Vec<Decision>) -> Self {
        decisions.sort_by_key(|decision| decision.arrival);
        let working_set = WorkingSet::bare(rules);
        Restitch { rules, working_set, stored: 0, decisions, decided: 0, evidence: EvidenceIndex::default() }
    }

    /// Adds an identifier. A `blocked` one is ignored everywhere.
    pub fn add(&mut self, id: IdentifierId, key: &IdentifierKey, blocked: bool) {
        let listed = self.rules.kind(&key.kind);
        let counts_from = listed.map_or(0, |(_, kind)| kind.counts_from(&key.value));
        self.enlist(id, &key.kind, if blocked { NEVER } else { counts_from });
        self.stored += 1;
    }

    /// Adds an identifier that would be stored if the rules were saved. It joins customers as other identifiers do, but
    /// is not in the partition. All stored identifiers must be added before.
    pub fn add_unstored(&mut self, id: IdentifierId, kind: &Arc<str>) {
        self.enlist(id, kind, 0);
    }

    fn enlist(&mut self, id: IdentifierId, kind: &Arc<str>, counts_from: i64) {
        self.working_set.enlist(self.rules, id, kind, counts_from);
        self.evidence.add_identifier();
    }

    /// Replays evidence. It comes in order of arrival. Identifiers that were not added, or that
    /// [count](crate::domain::rules::KindRule::counts_from) only under newer rules, are ignored.
    pub fn see(&mut self, seen: &Evidence) {
        self.see_refused(seen);
    }

    /// The same, and returns the refusals.
    pub(crate) fn see_refused(&mut self, seen: &Evidence) -> Vec<(IdentifierId, Refusal)> {
        let identifiers: Vec<IdentifierIx> = seen
            .identifiers
            .iter()
            .filter_map(|id| self.working_set.by_id(*id))
            .filter(|&ix| self.working_set.identifiers[ix].counts_from <= seen.rules_version)
            .collect();
        if identifiers.is_empty() {
            return Vec::new();
        }
        let refused = self.take(seen.arrival, &identifiers).refused;
        refused.into_iter().map(|refusal| (self.working_set.identifiers[refusal.identifier].id, refusal)).collect()
    }

    /// The version of the rules from which evidence of an identifier counts: [`NEVER`] when it is blocked.
    pub(crate) fn counts_from(&self, id: IdentifierId) -> i64 {
        self.working_set.by_id(id).map_or(NEVER, |ix| self.working_set.identifiers[ix].counts_from)
    }

    /// Whether it is in evidence that counts.
    pub(crate) fn is_in_evidence(&self, id: IdentifierId) -> bool {
        self.working_set.by_id(id).is_some_and(|ix| self.evidence.names_it(ix))
    }

    /// Whether it lives on a device.
    pub(crate) fn is_device(&self, id: IdentifierId) -> bool {
        self.working_set.by_id(id).is_some_and(|ix| self.working_set.identifiers[ix].is_device(self.rules))
    }

    fn take(&mut self, arrival: Arrival, identifiers: &[IdentifierIx]) -> Verdict {
        self.decide_until(arrival);
        self.evidence.push(arrival, identifiers);
        self.verdict(arrival, identifiers)
    }

    /// Ends the replay.
    pub fn finish(mut self) -> Replayed<'r> {
        self.decide_until(Arrival(i64::MAX));
        Replayed { partition: self.partition(), replay: self }
    }

    fn verdict(&mut self, arrival: Arrival, identifiers: &[IdentifierIx]) -> Verdict {
        let mut verdict = replay::see(self.rules, &mut self.working_set, identifiers);
        let earlier = |ix| self.evidence.earlier(arrival, ix);
        verdict.turned_shared.extend(sharing::seen_apart(self.rules, &self.working_set, &verdict, earlier));
        for &ix in &verdict.turned_shared {
            let unlinked = sharing::unlink(&mut self.working_set, ix, arrival.seq());
            let identity_history =
                if unlinked.comes_apart() { self.history_of(&unlinked.rest) } else { IdentityHistory::default() };
            sharing::part(self.rules, &mut self.working_set, &unlinked, &identity_history, &mut nobody);
        }
        verdict
    }

    fn decide_until(&mut self, arrival: Arrival) {
        while let Some(decision) = self.decisions.get(self.decided).filter(|d| d.arrival < arrival) {
            let of = |side: &Vec<IdentifierId>| -> Vec<IdentifierIx> {
                let identifiers = side.iter().filter_map(|id| self.working_set.by_id(*id));
                identifiers.filter(|&ix| self.counts(ix)).collect()
            };
            let sides = decision.sides.iter().map(of).collect();
            let decided = ReplayedDecision { arrival: decision.arrival, kind: decision.kind, sides };
            replay::decide(self.rules, &mut self.working_set, &decided);
            self.decided += 1;
        }
    }

    /// Whether a decision can be about it: it must be in evidence that counts.
    fn counts(&self, ix: IdentifierIx) -> bool {
        self.working_set.identifiers[ix].counts_from == 0 || self.evidence.names_it(ix)
    }

    /// The history of these so far.
    fn history_of(&self, identifiers: &[IdentifierIx]) -> IdentityHistory {
        let id = |ix: &u32| self.working_set.identifiers[*ix as usize].id;
        let rows = self.evidence.rows_of(identifiers);
        let evidence = rows.into_iter().map(|row| {
            let identifiers = self.evidence.identifiers(row).iter().map(id).collect();
            Evidence { arrival: self.evidence.arrivals[row], identifiers, rules_version: NEVER }
        });
        let ids: FxHashSet<IdentifierId> = identifiers.iter().map(|&ix| self.working_set.identifiers[ix].id).collect();
        let about = |decision: &&Decision| decision.sides.iter().flatten().any(|id| ids.contains(id));
        let decisions = self.decisions[..self.decided].iter().filter(about).cloned().collect();
        IdentityHistory { evidence: evidence.collect(), decisions, ..IdentityHistory::default() }
    }

    fn partition(&self) -> Partition {
        let identifiers = &self.working_set.identifiers[..self.stored];
        Partition {
            groups: identifiers.iter().map(|state| state.customer.map(|customer| customer as u32)).collect(),
            shared: identifiers.iter().map(|state| state.shared_since.is_some()).collect(),
        }
    }
}

/// A finished replay.
pub struct Replayed<'r> {
    /// The partition.
    pub partition: Partition,
    replay: Restitch<'r>,
}

/// A replay needs no ids.
fn nobody() -> CustomerId {
    CustomerId("".into())
}
