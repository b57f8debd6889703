//! Names by which a channel knows a person.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::customer::CustomerId;
use super::rollup::Rollup;
use super::{Arrival, Timestamp};

/// Ours, given at the identifier's first sight: the [`Arrival`] of its creation.
pub type IdentifierId = Arrival;

/// Kind and normalised value: what makes an identifier that identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IdentifierKey {
    /// The kind's name, as in the settings (`email`) or as the sender gave it.
    pub kind: Arc<str>,
    /// The normalised value.
    pub value: Arc<str>,
}

impl IdentifierKey {
    /// The most bytes of a value.
    pub const MAX_VALUE_BYTES: usize = 1_024;

    /// From its two parts.
    pub fn new(kind: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        IdentifierKey { kind: kind.into(), value: value.into() }
    }
}

impl std::fmt::Display for IdentifierKey {
    /// `kind:value`, the unique key in both stores. Kinds have no colon in them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

/// An identifier as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    /// Ours.
    pub id: IdentifierId,
    /// Kind and value.
    pub key: IdentifierKey,
    /// The smallest time of an event that carried it.
    pub first_seen_at: Timestamp,
    /// The largest.
    pub last_seen_at: Timestamp,
    /// The customer who holds it, if any.
    pub customer: Option<CustomerId>,
    /// What happened under it, summed up.
    pub rollup: Rollup,
    /// The change in which it turned out to be shared by several people; since then it binds
    /// nobody. `None` for all others.
    pub shared_since: Option<i64>,
}

impl Identifier {
    /// Whether several people share it, so that it joins no customers.
    pub fn is_shared(&self) -> bool {
        self.shared_since.is_some()
    }
}
