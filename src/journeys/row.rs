//! What a projection is told: touchpoints, who holds which identifier, what orders come to, consents.

use std::sync::Arc;

use super::kind::TouchpointKind;
use crate::domain::consent::ConsentStatus;
use crate::domain::order::OrderKey;
use crate::domain::{Amount, Arrival, Currency, CustomerId, IdentifierId, Timestamp};

/// A touchpoint.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The identifier it hangs on.
    pub owner: IdentifierId,
    /// When it happened.
    pub at: Timestamp,
    /// Its place in the order of arrivals: breaks ties of time, and names it.
    pub arrival: Arrival,
    /// The session the sender named.
    pub session: Option<&'a str>,
    /// The order it is about.
    pub order: Option<&'a OrderKey>,
    /// What it is.
    pub kind: TouchpointKind<'a>,
}

/// A touchpoint that hangs on another identifier now, or is gone.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Which.
    pub arrival: Arrival,
    /// The identifier it hung on.
    pub from: IdentifierId,
    /// The one it hangs on now; `None` when it is gone.
    pub to: Option<IdentifierId>,
}

/// What an order comes to now.
#[derive(Clone, Debug)]
pub struct OrderNow {
    /// Which.
    pub key: OrderKey,
    /// Its net.
    pub net: Amount,
    /// In what.
    pub currency: Currency,
}

/// A decision that an identifier holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldConsent {
    /// What it is for.
    pub purpose: Arc<str>,
    /// What was decided.
    pub status: ConsentStatus,
    /// When it runs out.
    pub expires_at: Option<Timestamp>,
}

/// What one change, or a run of them, does to a projection. Told twice it does the same as told once.
#[derive(Clone, Debug, Default)]
pub struct Update<'a> {
    /// New touchpoints, as they are stored now; those that are there already are passed over.
    pub rows: Vec<Row<'a>>,
    /// Touchpoints that moved; done after `rows`.
    pub moved: Vec<Moved>,
    /// Who holds an identifier now.
    pub members: Vec<(IdentifierId, Option<CustomerId>)>,
    /// What orders come to now.
    pub orders: Vec<OrderNow>,
    /// All decisions that an identifier holds now.
    pub consents: Vec<(IdentifierId, Vec<HeldConsent>)>,
}
