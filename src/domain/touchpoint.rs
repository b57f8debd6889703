//! A contact between a customer and the business.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::order::OrderKey;
use super::{Arrival, IdentifierId, Timestamp};

/// All kinds of touchpoints.
pub const KINDS: [&str; 20] = [
    "view",
    "search",
    "product",
    "cart",
    "wishlist",
    "order",
    "return",
    "message_sent",
    "message_opened",
    "message_clicked",
    "message_failed",
    "contact",
    "visit",
    "delivery",
    "sign_up",
    "sign_in",
    "like",
    "dislike",
    "consent",
    "other",
];

/// Whether the person or the business made the contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Direction {
    /// From the customer to the business.
    Inbound,
    /// From the business to the customer.
    Outbound,
}

impl Direction {
    /// Its name in stores and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Inbound => "INBOUND",
            Direction::Outbound => "OUTBOUND",
        }
    }

    /// From its name, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [Direction::Inbound, Direction::Outbound].into_iter().find(|d| d.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

/// The campaign of a touchpoint: `context.campaign`. At least one field is present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Campaign {
    /// Its name.
    pub name: Option<Arc<str>>,
    /// Where it ran.
    pub source: Option<Arc<str>>,
    /// By what means.
    pub medium: Option<Arc<str>>,
    /// The keyword.
    pub term: Option<Arc<str>>,
    /// Which of several.
    pub content: Option<Arc<str>>,
}

/// A touchpoint as it arrives: the fields of an event other than time, source and identifiers.
#[derive(Clone, Debug)]
pub struct TouchpointFact {
    /// Its kind, one of the closed list in the contract (`product`, `order`, …).
    pub kind: Arc<str>,
    /// The event's own name.
    pub name: Arc<str>,
    /// Where it happened.
    pub channel: Arc<str>,
    /// Whether the person or the business made the contact.
    pub direction: Direction,
    /// The session id of the sender.
    pub session_id: Option<Arc<str>>,
    /// The campaign.
    pub campaign: Option<Arc<Campaign>>,
    /// The event's `properties`, unchanged.
    pub properties: Option<Arc<RawValue>>,
}

/// A touchpoint as stored.
#[derive(Clone, Debug)]
pub struct Touchpoint {
    /// Its arrival. It breaks ties of equal times.
    pub arrival: Arrival,
    /// Unique.
    pub message_id: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
    /// The strongest accepted identifier of its event; or, after an owner reassignment, the identifier that was signed in
    /// on its shared device.
    pub owner: IdentifierId,
    /// The device identifier of its event, when that is not its owner. Of several, the strongest shared one, else the
    /// strongest.
    pub device_identifier: Option<IdentifierId>,
    /// Its source.
    pub source: Arc<str>,
    /// The device it happened on, by key.
    pub device: Option<Arc<str>>,
    /// The order it is about.
    pub order: Option<OrderKey>,
    /// The rest.
    pub fact: TouchpointFact,
}

impl Touchpoint {
    /// Sets the owner that it had before its last owner reassignment.
    pub fn give_back(&mut self, owner: IdentifierId) {
        let device = self.device_identifier.unwrap_or(self.owner);
        self.owner = owner;
        self.device_identifier = (owner != device).then_some(device);
    }
}
