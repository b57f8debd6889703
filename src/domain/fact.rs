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
    /// What a replay says of it, when it did not arrive but was made of what is stored. It moves nobody: it is
    /// kept as evidence, and whoever made it works everybody out again.
    pub derived: Option<Derived>,
}

impl Fact {
    /// The message that links, evidence and histories name: of what was made of stored traits that of their event.
    pub fn told_by(&self) -> &Arc<str> {
        self.derived.as_ref().and_then(|derived| derived.said.as_ref()).unwrap_or(&self.message_id)
    }

    /// The first and the last time at which what it says happened: of what was made of stored traits those of all
    /// events that said them.
    pub fn times(&self) -> (Timestamp, Timestamp) {
        self.derived.as_ref().map_or((self.at, self.at), |derived| (derived.first_at, derived.last_at))
    }

    /// One that names these identifiers, strongest first, and says nothing else.
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

/// What a replay says of a fact that was made of what is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// The message whose event said the parts; `None` when it was not kept. Links and evidence name it.
    pub said: Option<Arc<str>>,
    /// When the first of all events was that said them of the same.
    pub first_at: Timestamp,
    /// When the last was.
    pub last_at: Timestamp,
    /// How many those are.
    pub count: i64,
    /// Identifiers that are not let in.
    pub refused: Vec<Refused>,
}

/// An identifier that a replay does not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
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
    /// Whether the kind is one of the rules'; one that is not is stored and binds nobody.
    pub listed: bool,
}
