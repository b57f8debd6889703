//! The input of a projection: touchpoints, memberships, the net of orders, and consents.

use std::sync::Arc;

use super::kind::TouchpointKind;
use crate::domain::consent::ConsentStatus;
use crate::domain::order::OrderKey;
use crate::domain::{Amount, Arrival, Currency, CustomerId, IdentifierId, Timestamp};

/// A touchpoint, as a projection reads it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The identifier it is attached to.
    pub owner: IdentifierId,
    /// When it happened.
    pub at: Timestamp,
    /// Its arrival: the order of equal times, and the id of the touchpoint.
    pub arrival: Arrival,
    /// The session id of the sender.
    pub session: Option<&'a str>,
    /// Its order.
    pub order: Option<&'a OrderKey>,
    /// Its values of all dimensions.
    pub kind: TouchpointKind<'a>,
}

/// A touchpoint that is attached to another identifier, or removed.
#[derive(Clone, Copy, Debug)]
pub struct OwnerReassignment {
    /// The touchpoint.
    pub arrival: Arrival,
    /// Its owner before.
    pub from: IdentifierId,
    /// Its owner now; `None` when it is removed.
    pub to: Option<IdentifierId>,
}

/// The net of an order.
#[derive(Clone, Debug)]
pub struct OrderNet {
    /// The order.
    pub key: OrderKey,
    /// Gross less returns.
    pub net: Amount,
    /// The currency of the net.
    pub currency: Currency,
}

/// A consent of an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldConsent {
    /// The purpose.
    pub purpose: Arc<str>,
    /// The channel; `None` is all.
    pub channel: Option<Arc<str>>,
    /// What was decided.
    pub status: ConsentStatus,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

/// The effect of one change, or of several, on a projection. Applying it is idempotent.
#[derive(Clone, Debug, Default)]
pub struct Update<'a> {
    /// New touchpoints. A touchpoint that the projection has already is skipped.
    pub rows: Vec<Row<'a>>,
    /// Touchpoints with another owner; applied after `rows`.
    pub reassigned: Vec<OwnerReassignment>,
    /// The customer of an identifier now.
    pub members: Vec<(IdentifierId, Option<CustomerId>)>,
    /// The net of orders now.
    pub orders: Vec<OrderNet>,
    /// All present consents of an identifier.
    pub consents: Vec<(IdentifierId, Vec<HeldConsent>)>,
}
