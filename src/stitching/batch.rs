//! The input of a plan: facts in the order in which they arrived.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest, Sha256};

use super::known::{ClaimsByOwner, Known};
use super::sharing;
use crate::domain::IdentifierId;
use crate::domain::fact::{Fact, FactIdentifier};
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::order::OrderKey;
use crate::domain::rules::IdentityRules;

/// Facts that are written together, or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// In order of arrival.
    pub facts: Vec<Fact>,
}

impl Batch {
    /// Every identifier that a fact names, in key order, each once.
    pub fn identifiers(&self) -> BTreeSet<&IdentifierKey> {
        self.facts.iter().flat_map(|f| f.identifiers.iter().map(|i| &i.key)).collect()
    }

    /// The claims of the facts that are not stored yet, with their owners as far as `known` tells: the owner is the first
    /// identifier that is not shared. A plan that finds another owner [asks](super::Planned) for the claims of this one.
    pub fn claims(&self, known: &Known) -> ClaimsByOwner {
        let mut claims = ClaimsByOwner::new();
        let claiming = || self.facts.iter().filter(|fact| !fact.claims.is_empty());
        if claiming().next().is_none() {
            return claims;
        }
        let stored: FxHashMap<&IdentifierKey, &Identifier> = known.identifiers.iter().map(|i| (&i.key, i)).collect();
        for fact in claiming().filter(|fact| !known.messages.contains_key(&fact.message_id)) {
            let is_shared = |i: &&FactIdentifier| stored.get(&i.key).is_some_and(|stored| stored.is_shared());
            let first = fact.identifiers.iter().find(|i| !is_shared(i)).or(fact.identifiers.first());
            // A new identifier has no claims yet.
            if let Some(owner) = first.and_then(|first| stored.get(&first.key)) {
                claims.insert((owner.id, fact.message_id.clone()), fact.claims.clone());
            }
        }
        claims
    }

    /// The identifiers of facts with consents. The plan needs the consents of their customers.
    pub fn consenters(&self) -> BTreeSet<&IdentifierKey> {
        let consenting = self.facts.iter().filter(|f| !f.consents.is_empty());
        consenting.flat_map(|f| f.identifiers.iter().map(|i| &i.key)).collect()
    }

    /// Every order that a fact is about, in key order, each once.
    pub fn orders(&self) -> BTreeSet<&OrderKey> {
        self.facts.iter().filter_map(|f| f.order.as_ref().map(|(key, _)| key)).collect()
    }

    /// Every message id, in order of arrival.
    pub fn messages(&self) -> impl Iterator<Item = &Arc<str>> {
        self.facts.iter().map(|f| &f.message_id)
    }

    /// The source messages of derived facts with a refused identifier. The identifier may have been refused in this
    /// message before.
    pub fn refusing(&self) -> BTreeSet<&Arc<str>> {
        let refuses = |fact: &&Fact| fact.derived.as_ref().is_some_and(|derived| !derived.refused.is_empty());
        self.facts.iter().filter(refuses).map(Fact::source_message).collect()
    }

    /// The devices whose sightings the plan needs, as far as this is known in advance: devices in a new set of
    /// identifiers, and devices in a decision. To read these first saves a second pass of the planner.
    pub fn sightings(&self, rules: &IdentityRules, known: &Known) -> BTreeSet<IdentifierId> {
        if sharing::limits(rules).next().is_none() {
            return BTreeSet::new();
        }
        let is_device = |kind: &str| rules.kind(kind).is_some_and(|(_, kind)| kind.device);
        let devices: FxHashMap<&IdentifierKey, &Identifier> = known
            .identifiers
            .iter()
            .filter(|identifier| is_device(&identifier.key.kind) && !identifier.is_shared())
            .map(|identifier| (&identifier.key, identifier))
            .collect();
        let decided: FxHashSet<IdentifierId> = known.sides.iter().map(|side| side.identifier).collect();
        let mut sightings = BTreeSet::new();
        for fact in self.facts.iter().filter(|fact| !known.messages.contains_key(&fact.message_id)) {
            let of_fact = fact.identifiers.iter().filter_map(|i| devices.get(&i.key)).map(|device| device.id);
            let mut of_fact = of_fact.filter(|id| !sightings.contains(id)).peekable();
            if of_fact.peek().is_some() && fact.identifiers.len() > 1 {
                let is_new = !known.evidence.contains_key(&SetName::of(&fact.identifiers));
                let asked: Vec<IdentifierId> = of_fact.filter(|id| is_new || decided.contains(id)).collect();
                sightings.extend(asked);
            }
        }
        sightings
    }

    /// The names of the sets of identifiers that were seen together, each once.
    pub fn sets(&self) -> BTreeSet<SetName> {
        self.facts.iter().map(|f| SetName::of(&f.identifiers)).collect()
    }
}

/// The name of a set of identifiers, strongest first: half a SHA-256 in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetName(pub Arc<str>);

impl SetName {
    /// The name of this set.
    pub fn of(identifiers: &[FactIdentifier]) -> Self {
        let mut hash = Sha256::new();
        for FactIdentifier { key, .. } in identifiers {
            for part in [&key.kind, &key.value] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
        }
        SetName(const_hex::encode(&hash.finalize()[..16]).into())
    }
}
