//! The rules of who is who: as stitching asks them, and as people write and keep them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::duration::Duration;

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
    /// Events whose value is somebody else's.
    pub except: Vec<Arc<str>>,
    /// `email` or `phone`.
    pub normalise: Option<Arc<str>>,
    /// The most values on one customer.
    pub limit: Option<i64>,
    /// Whether it lives on a device.
    pub device: bool,
    /// Whether it may join two customers that both exist already.
    pub merges: bool,
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
