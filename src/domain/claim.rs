//! What somebody says of a person: a trait's value, with where it came from.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Arrival, IdentifierId, Timestamp};

/// How a value was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Provenance {
    /// Observed in a transaction or on a device.
    Realised,
    /// Said by the customer.
    Declared,
    /// Inferred by another system.
    Assumed,
}

impl Provenance {
    /// Its name in stores and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Provenance::Realised => "REALISED",
            Provenance::Declared => "DECLARED",
            Provenance::Assumed => "ASSUMED",
        }
    }

    /// From its name, whatever its case.
    pub fn parse(text: &str) -> Option<Self> {
        [Provenance::Realised, Provenance::Declared, Provenance::Assumed]
            .into_iter()
            .find(|p| p.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

/// A claim as it arrives with an event.
#[derive(Clone, Debug)]
pub struct ClaimFact {
    /// The trait's name.
    pub name: Arc<str>,
    /// Its value, as JSON.
    pub value: Arc<RawValue>,
    /// How it was come by.
    pub provenance: Provenance,
}

/// A claim as stored: one value of one trait, from one source, under one identifier.
///
/// When the same is claimed again the row is closed and a new one opened, with `count` one higher:
/// so a read of now sees one row per value, and a read of then sees what was known then.
#[derive(Clone, Debug)]
pub struct Claim {
    /// When this row was opened; its name.
    pub arrival: Arrival,
    /// The identifier it hangs on.
    pub owner: IdentifierId,
    /// The trait's name.
    pub name: Arc<str>,
    /// Its value, as JSON.
    pub value: Arc<RawValue>,
    /// How it was come by.
    pub provenance: Provenance,
    /// The latest time it was said.
    pub at: Timestamp,
    /// The earliest time it was said.
    pub first_at: Timestamp,
    /// How often it was said.
    pub count: i64,
    /// Who sent it.
    pub source: Arc<str>,
}
