//! Two identifiers that were seen together.

use std::sync::Arc;

use super::decision::DECISION;
use super::identifier::Identifier;
use super::{IdentifierId, Timestamp};

/// An edge of the identity graph: every pair of identifiers of an event, accepted or refused. A pair has at most one
/// accepted and one refused link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The identifier whose `kind:value` is first in byte order, so the direction of a link is fixed.
    pub from: IdentifierId,
    /// The other.
    pub to: IdentifierId,
    /// Why it was refused; `None` when it was accepted.
    pub refused: Option<Arc<str>>,
    /// The rule that accepted (`together:<weaker kind>`) or refused (`limit:user_id`).
    pub rule: Arc<str>,
    /// The earliest time at which the two were seen together.
    pub first_at: Timestamp,
    /// The largest.
    pub last_at: Timestamp,
    /// How many events.
    pub count: i64,
    /// The first message with both.
    pub message_id: Arc<str>,
    /// The source of that message.
    pub source: Arc<str>,
}

impl Link {
    /// A link from a person's decision to merge two identifiers that are together in no event: the rule is `decision`,
    /// the source is the person, and there is no message.
    pub fn of_decision(from: IdentifierId, to: IdentifierId, at: Timestamp, by: Arc<str>) -> Self {
        let rule = DECISION.into();
        Link { from, to, refused: None, rule, first_at: at, last_at: at, count: 1, message_id: "".into(), source: by }
    }
}

/// How two identifiers are connected: a chain of accepted links, or of people's decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkExplanation {
    /// Whether both ends belong to one customer. Then all identifiers between them belong to it too.
    pub same_customer: bool,
    /// The identifiers from one end to the other, one more than the steps.
    pub path: Vec<Identifier>,
    /// The link between each identifier and the next.
    pub steps: Vec<Link>,
}
