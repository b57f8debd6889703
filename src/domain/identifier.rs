//! Identifiers: names under which a channel knows a person.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::customer::CustomerId;
use super::rollup::Rollup;
use super::{Arrival, Timestamp};

/// Our id of an identifier: the [`Arrival`] of its creation.
pub type IdentifierId = Arrival;

/// Kind and normalised value: the key of an identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IdentifierKey {
    /// The kind's name, from the settings (`email`) or from the sender.
    pub kind: Arc<str>,
    /// The normalised value.
    pub value: Arc<str>,
}

impl IdentifierKey {
    /// The most bytes of a value.
    pub const MAX_VALUE_BYTES: usize = 1_024;

    /// A key from its two parts.
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
    /// The earliest time of an event with it.
    pub first_seen_at: Timestamp,
    /// The largest.
    pub last_seen_at: Timestamp,
    /// Its customer, if any.
    pub customer: Option<CustomerId>,
    /// Its figures.
    pub rollup: Rollup,
    /// The change in which it became shared by several people; since then it joins no customers. `None` for all others.
    pub shared_since: Option<i64>,
}

impl Identifier {
    /// Whether several people share it, so that it joins no customers.
    pub fn is_shared(&self) -> bool {
        self.shared_since.is_some()
    }
}
