//! The input of a plan: facts in the order in which they arrived.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::domain::fact::{Fact, FactIdentifier};
use crate::domain::identifier::IdentifierKey;
use crate::domain::order::OrderKey;

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

    /// The identifiers of facts that carry claims: whose present claims the plan needs to know.
    pub fn claimants(&self) -> BTreeSet<&IdentifierKey> {
        let claiming = self.facts.iter().filter(|f| !f.claims.is_empty());
        claiming.flat_map(|f| f.identifiers.iter().map(|i| &i.key)).collect()
    }

    /// The identifiers of facts that carry consents: whose customers' consents the plan needs.
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

    /// The messages of facts that were made of what is stored and refuse somebody, who may have been refused there
    /// before.
    pub fn refusing(&self) -> BTreeSet<&Arc<str>> {
        let refuses = |fact: &&Fact| fact.derived.as_ref().is_some_and(|derived| !derived.refused.is_empty());
        self.facts.iter().filter(refuses).map(Fact::told_by).collect()
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
        SetName(hex(&hash.finalize()[..16]).into())
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)] as char, DIGITS[usize::from(b & 15)] as char]).collect()
}
