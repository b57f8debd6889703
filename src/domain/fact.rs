//! The facts of events: the input of stitching.

use std::sync::Arc;

use super::Timestamp;
use super::claim::ClaimFact;
use super::consent::ConsentFact;
use super::device::DeviceFact;
use super::identifier::IdentifierKey;
use super::order::{OrderEvent, OrderKey};
use super::product::{Product, ProductFact};
use super::touchpoint::TouchpointFact;

/// An event after reading: everything that will be stored of it. Its customer is not known yet.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The sender's id, unique. A second event with the same id changes nothing.
    pub message_id: Arc<str>,
    /// Who sent it.
    pub source: Arc<str>,
    /// The time of the event, corrected for a wrong clock.
    pub at: Timestamp,
    /// Its identifiers, strongest first, each once; at least one. Listed kinds before unlisted.
    pub identifiers: Vec<FactIdentifier>,
    /// The touchpoint, for `track`, `page` and `screen`.
    pub touchpoint: Option<TouchpointFact>,
    /// Traits.
    pub claims: Vec<ClaimFact>,
    /// The device.
    pub device: Option<DeviceFact>,
    /// Its event of an order.
    pub order: Option<(OrderKey, OrderEvent)>,
    /// The order that it is about and does not change: another source tells of that order.
    pub about: Option<OrderKey>,
    /// Products in the order's lines, for their names and categories.
    pub products: Vec<Product>,
    /// Product acts other than orders.
    pub product_acts: Vec<ProductFact>,
    /// Decisions on consent.
    pub consents: Vec<ConsentFact>,
    /// For a derived fact, which did not arrive but was made of stored traits: its outcome in a replay. It is stored as
    /// evidence and moves no identifier. The restitch after it moves identifiers.
    pub derived: Option<Derived>,
}

impl Fact {
    /// The source message for links, evidence and histories. For a derived fact, the message of its event.
    pub fn source_message(&self) -> &Arc<str> {
        self.derived.as_ref().and_then(|derived| derived.source_message.as_ref()).unwrap_or(&self.message_id)
    }

    /// Its first and last time: for a derived fact, those of all its events.
    pub fn times(&self) -> (Timestamp, Timestamp) {
        self.derived.as_ref().map_or((self.at, self.at), |derived| (derived.first_at, derived.last_at))
    }

    /// A fact with these identifiers, strongest first, and nothing else.
    pub fn naming(
        message_id: impl Into<Arc<str>>,
        source: impl Into<Arc<str>>,
        at: Timestamp,
        identifiers: Vec<FactIdentifier>,
    ) -> Self {
        Fact {
            message_id: message_id.into(),
            source: source.into(),
            at,
            identifiers,
            touchpoint: None,
            claims: Vec::new(),
            device: None,
            order: None,
            about: None,
            products: Vec::new(),
            product_acts: Vec::new(),
            consents: Vec::new(),
            derived: None,
        }
    }
}

/// The outcome of a derived fact in a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// The message of its event; `None` when it is not known. Links and evidence name it.
    pub source_message: Option<Arc<str>>,
    /// The time of the first event with this composite and the same identifiers.
    pub first_at: Timestamp,
    /// The time of the last one.
    pub last_at: Timestamp,
    /// The number of these events.
    pub count: i64,
    /// The refused identifiers.
    pub refused: Vec<Refused>,
}

/// An identifier that the replay refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The identifier.
    pub key: IdentifierKey,
    /// The rule's name.
    pub rule: Arc<str>,
    /// Why, in words.
    pub reason: Arc<str>,
}

/// One identifier of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactIdentifier {
    /// Kind and normalised value.
    pub key: IdentifierKey,
    /// Whether the rules list its kind. An identifier of an unlisted kind is stored, but joins no customers.
    pub listed: bool,
}
