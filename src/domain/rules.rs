//! The identity rules: in the form for stitching, and in the form that people write and stores keep.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::blocked::BlockedValues;
use super::duration::Duration;
use super::{Timestamp, composite};

/// The rules in the form for stitching. These decide only which identifiers belong to one customer. Reading and
/// normalising values is in [`crate::ingest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityRules {
    /// The version that evidence was stitched by. The settings file is the first version.
    pub version: i64,
    /// Kinds in order of priority, the strongest first.
    pub kinds: Vec<KindRule>,
    /// The most identifiers on one customer.
    pub max_identifiers: usize,
    /// A longer gap between two touchpoints ends a visit.
    pub session_gap: Duration,
}

/// The rule of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindRule {
    /// Its name.
    pub name: Arc<str>,
    /// The most values on one customer.
    pub limit: Option<usize>,
    /// Whether it is a device identifier, which can become shared.
    pub device: bool,
    /// Whether it may join two customers that both exist already.
    pub merges: bool,
    /// For a composite: the version since which it is made of its present parts.
    pub parts_since: i64,
    /// Whether it is a composite.
    pub composite: bool,
    /// The values that do not identify a person: the list for all kinds and its own list.
    pub blocked: Arc<BlockedValues>,
}

impl KindRule {
    /// The version of the rules since which evidence of a value counts. A composite of former parts joins no customers.
    /// A composite that a sender gave as one value does not depend on parts.
    pub fn counts_from(&self, value: &str) -> i64 {
        if self.parts_since > 0 && composite::parts(value).is_some() { self.parts_since } else { 0 }
    }

    /// The parts of a value; `None` when the kind is not a composite, or a sender gave the value as a whole.
    pub fn parts_of<'v>(&self, value: &'v str) -> Option<Vec<&'v str>> {
        if self.composite { composite::parts(value) } else { None }
    }

    /// Whether a stored value is blocked: the whole value, or one of the parts of a composite.
    pub fn is_blocked(&self, value: &str) -> bool {
        let blocks_part = |part: &str| self.blocked.blocks_part(part);
        self.blocked.blocks(value) || self.parts_of(value).is_some_and(|parts| parts.into_iter().any(blocks_part))
    }
}

impl IdentityRules {
    /// The rule of a kind, and its rank: 0 is the strongest. `None` for a kind that is not listed.
    pub fn kind(&self, name: &str) -> Option<(usize, &KindRule)> {
        self.kinds.iter().enumerate().find(|(_, kind)| &*kind.name == name)
    }
}

/// The rules as people write them: all of `[identity]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenRules {
    /// Kinds in order of priority, the strongest first.
    pub kinds: Vec<WrittenKind>,
    /// Values that do not identify a person; a value between slashes is a pattern.
    pub blocked: Vec<Arc<str>>,
    /// The most identifiers on one customer.
    pub max_identifiers: i64,
    /// A longer gap between two touchpoints ends a session.
    pub session_gap: Duration,
    /// The country of phone numbers without a country prefix.
    pub phone_country: Arc<str>,
}

/// One kind, as people write it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenKind {
    /// Its name.
    pub name: Arc<str>,
    /// The paths of its values in an event.
    pub from: Vec<Arc<str>>,
    /// For a composite: the paths of its parts.
    pub parts: Vec<Arc<str>>,
    /// Events whose value belongs to another person.
    pub except: Vec<Arc<str>>,
    /// `email` or `phone`.
    pub normalise: Option<Arc<str>>,
    /// Values of this kind, or of one of its parts, that identify no person; a value between slashes is a pattern.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<Arc<str>>,
    /// The most values on one customer.
    pub limit: Option<i64>,
    /// Whether it is a device identifier.
    pub device: bool,
    /// Whether it may join two customers that both exist already.
    pub merges: bool,
    /// For a composite: the version since which these parts are in force; 0 when they always were. People do not write
    /// this: a save takes it from the version before.
    #[serde(default, skip_serializing_if = "is_always")]
    pub parts_since: i64,
}

fn is_always(since: &i64) -> bool {
    *since == 0
}

impl WrittenRules {
    /// The rules as people wrote them, without the fields that a save adds.
    pub fn as_written(&self) -> Self {
        let mut rules = self.clone();
        rules.kinds.iter_mut().for_each(|kind| kind.parts_since = 0);
        rules
    }
}

/// A stored version of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedRules {
    /// Its number, from 1.
    pub version: i64,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// Who saved it; `settings` for the first.
    pub saved_by: Arc<str>,
    /// The reason, in that person's words.
    pub note: Option<Arc<str>>,
    /// The rules.
    pub rules: WrittenRules,
}

/// The author of the first version.
pub const BY_SETTINGS: &str = "settings";

#[cfg(test)]
mod tests {
    use super::super::blocked::Blocked;
    use super::*;

    #[test]
    fn a_blocked_part_blocks_a_composite_and_no_value_that_only_looks_like_one() {
        let entries = ["null", "1970-01-01"].map(|value| Blocked::Value(value.into()));
        let kind = |composite| KindRule {
            name: "kind".into(),
            limit: None,
            device: false,
            merges: true,
            parts_since: 0,
            composite,
            blocked: Arc::new(entries.iter().collect()),
        };
        for value in ["4:null 2:ng", "2:an 10:01.01.1970", "4:NULL 2:ng"] {
            assert!(kind(true).is_blocked(value) && !kind(false).is_blocked(value), "{value}");
        }
        for composite in [true, false] {
            assert!(kind(composite).is_blocked("Null") && !kind(composite).is_blocked("2:an 10:02.01.1970"));
            assert!(!kind(composite).is_blocked("01.01.1970"), "a date is compared in a part only");
        }
    }
}
