//! What was read out of one event: the input of stitching.

use std::sync::Arc;

use super::Timestamp;
use super::claim::ClaimFact;
use super::consent::ConsentFact;
use super::device::DeviceFact;
use super::identifier::IdentifierKey;
use super::order::{OrderEvent, OrderKey};
use super::product::{Product, ProductFact};
use super::touchpoint::TouchpointFact;

/// An event, understood: everything that will be stored of it, before who is who is known.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Unique; the same one again changes nothing.
    pub message_id: Arc<str>,
    /// Who sent it.
    pub source: Arc<str>,
    /// When it happened, by the corrected clock.
    pub at: Timestamp,
    /// Its identifiers, strongest first, each once; at least one. Listed kinds before unlisted.
    pub identifiers: Vec<FactIdentifier>,
    /// The contact, for `track`, `page` and `screen`.
    pub touchpoint: Option<TouchpointFact>,
    /// Traits.
    pub claims: Vec<ClaimFact>,
    /// The device.
    pub device: Option<DeviceFact>,
    /// What it does to an order.
    pub order: Option<(OrderKey, OrderEvent)>,
    /// Products that the order's lines name, for their names and categories.
    pub products: Vec<Product>,
    /// Acts about products apart from orders.
    pub product_acts: Vec<ProductFact>,
    /// Decisions on consent.
    pub consents: Vec<ConsentFact>,
    /// For a derived fact, which did not arrive but was made of stored traits: its outcome in a replay. It is kept as
    /// evidence and moves no identifier; a restitch follows that does.
    pub derived: Option<Derived>,
}

impl Fact {
    /// The message that links, evidence and histories name: for a derived fact, that of its event.
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
    /// The time of the first event that gave it with the same identifiers.
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
    /// Whether the rules list its kind. An unlisted one is stored and joins no customers.
    pub listed: bool,
}
