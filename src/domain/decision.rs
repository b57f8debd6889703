//! People's decisions on identity.

use std::sync::Arc;

use super::{Arrival, IdentifierId, Timestamp};

/// The rule name used for decisions.
pub const DECISION: &str = "decision";

/// The maximum number of characters of a reason.
pub const LONGEST_REASON: usize = 1_000;

/// The kind of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DecisionKind {
    /// All sides are the same person.
    Merge,
    /// The first side was taken out of the second: they are not the same person.
    Split,
    /// No two sides are the same person.
    KeepApart,
}

impl DecisionKind {
    /// Its name in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            DecisionKind::Merge => "MERGE",
            DecisionKind::Split => "SPLIT",
            DecisionKind::KeepApart => "KEEP_APART",
        }
    }

    /// From its name.
    pub fn parse(text: &str) -> Option<Self> {
        use DecisionKind::*;
        [Merge, Split, KeepApart].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A decision. It overrides all rules and is kept for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its id and its order in the evidence.
    pub arrival: Arrival,
    /// When it was committed.
    pub at: Timestamp,
    /// Its kind.
    pub kind: DecisionKind,
    /// The person who made it.
    pub by: Arc<str>,
    /// The reason, in that person's words.
    pub reason: Arc<str>,
    /// The identifiers of each side when it was made.
    pub sides: Vec<Vec<IdentifierId>>,
}

/// The side of an identifier in a decision. An identifier that joins a customer later takes the customer's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Side {
    /// The identifier.
    pub identifier: IdentifierId,
    /// The decision.
    pub decision: Arrival,
    /// Its kind.
    pub kind: DecisionKind,
    /// Which side, from 1.
    pub number: i64,
}
