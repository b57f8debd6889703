//! The rules of who is who: as stitching asks them, and as people write and keep them.

use std::sync::Arc;

use jiff::civil::Date;
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::duration::Duration;
use super::{Timestamp, composite, dates};

/// The rules that stitching asks. How a value is read out of an event and normalised is the
/// ingest's ([`crate::ingest`]); here is only what decides between people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityRules {
    /// The version evidence was judged under. The settings file is the first version.
    pub version: i64,
    /// Kinds in order of priority, the strongest first.
    pub kinds: Vec<KindRule>,
    /// The most identifiers on one customer.
    pub max_identifiers: usize,
    /// A longer gap between two touchpoints ends a visit.
    pub session_gap: Duration,
}

/// What decides about one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindRule {
    /// Its name.
    pub name: Arc<str>,
    /// The most values on one customer.
    pub limit: Option<usize>,
    /// Whether it lives on a device, so that it can turn out to be shared.
    pub device: bool,
    /// Whether it may join two customers that both exist already.
    pub merges: bool,
    /// Of a composite: the version from which it is made of the parts that it is made of now.
    pub parts_since: i64,
    /// Values that stand for nobody.
    pub blocked: Arc<[Blocked]>,
}

/// A value that stands for nobody, or a pattern of such values.
#[derive(Clone, Debug)]
pub enum Blocked {
    /// This value, whatever its case; kept in lower case.
    Value(Box<str>),
    /// What this fits, written between slashes.
    Pattern(Regex),
}

impl KindRule {
    /// The version of the rules from which it counts where a value was seen. One that was made of the parts
    /// of before joins no customers; one that was given and not made does not depend on parts.
    pub fn counts_from(&self, value: &str) -> i64 {
        if self.parts_since > 0 && composite::parts(value).is_some() { self.parts_since } else { 0 }
    }

    /// Whether a stored value is blocked: as a whole, or, of a composite, in one of its parts.
    pub fn is_blocked(&self, value: &str) -> bool {
        let blocks_part = |part: &str| self.blocked.iter().any(|one| one.blocks_part(part));
        self.blocked.iter().any(|one| one.blocks(value))
            || composite::parts(value).is_some_and(|parts| parts.into_iter().any(blocks_part))
    }
}

impl Blocked {
    /// Whether a normalised value is meant.
    pub fn blocks(&self, value: &str) -> bool {
        match self {
            Blocked::Value(blocked) => **blocked == *value || **blocked == *value.to_lowercase(),
            Blocked::Pattern(pattern) => pattern.is_match(value),
        }
    }

    /// Whether a normalised part of a composite is meant; a date is, however it is written.
    pub fn blocks_part(&self, part: &str) -> bool {
        self.blocks(part) || dates::meant(part).iter().any(|date| self.dates().contains(date))
    }

    /// The days that it can mean.
    pub fn dates(&self) -> Vec<Date> {
        match self {
            Blocked::Value(value) => dates::written(value),
            Blocked::Pattern(_) => Vec::new(),
        }
    }
}

impl std::fmt::Display for Blocked {
    /// As the settings write it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Blocked::Value(value) => f.write_str(value),
            Blocked::Pattern(pattern) => write!(f, "/{pattern}/"),
        }
    }
}

impl PartialEq for Blocked {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Blocked::Value(one), Blocked::Value(other)) => one == other,
            (Blocked::Pattern(one), Blocked::Pattern(other)) => one.as_str() == other.as_str(),
            _ => false,
        }
    }
}

impl Eq for Blocked {}

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
    /// Values that stand for nobody; patterns of them between slashes.
    pub blocked: Vec<Arc<str>>,
    /// The most identifiers on one customer.
    pub max_identifiers: i64,
    /// A longer gap between two touchpoints ends a session.
    pub session_gap: Duration,
    /// Where phone numbers without a country's prefix are from.
    pub phone_country: Arc<str>,
}

/// One kind, as people write it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenKind {
    /// Its name.
    pub name: Arc<str>,
    /// Where its values stand in an event.
    pub from: Vec<Arc<str>>,
    /// Of a composite: where its parts stand.
    pub parts: Vec<Arc<str>>,
    /// Events whose value belongs to another person.
    pub except: Vec<Arc<str>>,
    /// `email` or `phone`.
    pub normalise: Option<Arc<str>>,
    /// Values of this kind, or of one of its parts, that stand for nobody; patterns of them between slashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<Arc<str>>,
    /// The most values on one customer.
    pub limit: Option<i64>,
    /// Whether it lives on a device.
    pub device: bool,
    /// Whether it may join two customers that both exist already.
    pub merges: bool,
    /// Of a composite: the version from which these parts are in force; 0 when they always were. It is not written by
    /// people: a save takes it from the version before.
    #[serde(default, skip_serializing_if = "is_always")]
    pub parts_since: i64,
}

fn is_always(since: &i64) -> bool {
    *since == 0
}

impl WrittenRules {
    /// As they were written: without what a save adds.
    pub fn as_written(&self) -> Self {
        let mut rules = self.clone();
        rules.kinds.iter_mut().for_each(|kind| kind.parts_since = 0);
        rules
    }
}

/// A version of the rules, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedRules {
    /// Its number, from 1.
    pub version: i64,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// Who saved it; `settings` for the first.
    pub saved_by: Arc<str>,
    /// Why, in that person's words.
    pub note: Option<Arc<str>>,
    /// The rules.
    pub rules: WrittenRules,
}

/// The author of the first version.
pub const BY_SETTINGS: &str = "settings";
