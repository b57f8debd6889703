//! Two identifiers that were seen together.

use std::sync::Arc;

use super::decision::DECISION;
use super::identifier::Identifier;
use super::{IdentifierId, Timestamp};

/// An edge of the identity graph: every pair of an event, whether it bound them or not.
/// A pair has at most one link that bound and one that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The one whose `kind:value` comes first in byte order; so a link never turns round.
    pub from: IdentifierId,
    /// The other.
    pub to: IdentifierId,
    /// Why it did not bind; `None` when it did.
    pub refused: Option<Arc<str>>,
    /// The rule that bound (`together:<weaker kind>`) or refused (`limit:user_id`).
    pub rule: Arc<str>,
    /// The smallest time the two were seen together.
    pub first_at: Timestamp,
    /// The largest.
    pub last_at: Timestamp,
    /// How many events.
    pub count: i64,
    /// The first message that said so.
    pub message_id: Arc<str>,
    /// Who sent that message.
    pub source: Arc<str>,
}

impl Link {
    /// What a person said who merged the customers of two that no event has together: the rule is `decision`,
    /// the source who said it, and there is no message.
    pub fn of_decision(from: IdentifierId, to: IdentifierId, at: Timestamp, by: Arc<str>) -> Self {
        let rule = DECISION.into();
        Link { from, to, refused: None, rule, first_at: at, last_at: at, count: 1, message_id: "".into(), source: by }
    }
}

/// How two identifiers are connected: a chain of links that bound, or of what people said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkExplanation {
    /// Whether both ends are one customer's; then so is all that lies between.
    pub same_customer: bool,
    /// The identifiers from one end to the other; one more than steps.
    pub path: Vec<Identifier>,
    /// The link between each and the next.
    pub steps: Vec<Link>,
}
