//! An event of a customer's identity history.

use async_graphql::{Context, Enum, Error, ID, Object};

use super::id::NodeId;
use super::identifier::Identifier;
use super::load;
use super::scalar::DateTime;
use crate::domain::{Arrival, Moment, change};

/// An event of a customer's identity history.
pub struct IdentityEvent(pub(super) change::IdentityEvent, pub(super) Option<Moment>);

/// The kinds of events in an identity history.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum IdentityEventKind {
    /// The customer was created.
    Created,
    /// Identifiers were added.
    Linked,
    /// Other customers were merged into it.
    Merged,
    /// The customer was split.
    Split,
    /// Identifiers were seen together with it and refused.
    Refused,
    /// The customer was erased.
    Erased,
}

/// An event of a customer's identity history, with its cause.
#[Object]
impl IdentityEvent {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::IdentityEvent(self.0.arrival).encode_at(self.1)
    }

    /// When the change was stored.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// What happened.
    async fn kind(&self) -> IdentityEventKind {
        match self.0.kind {
            change::IdentityEventKind::Created => IdentityEventKind::Created,
            change::IdentityEventKind::Linked => IdentityEventKind::Linked,
            change::IdentityEventKind::Merged => IdentityEventKind::Merged,
            change::IdentityEventKind::Split => IdentityEventKind::Split,
            change::IdentityEventKind::Refused => IdentityEventKind::Refused,
            change::IdentityEventKind::Erased => IdentityEventKind::Erased,
        }
    }

    /// The rule that decided: a kind, or `max_identifiers`. Null when no rule decided.
    async fn rule(&self) -> Option<&str> {
        self.0.rule.as_deref()
    }

    /// The `messageId` of the event that caused it. Null when a person caused it.
    async fn message_id(&self) -> Option<&str> {
        self.0.message_id.as_deref()
    }

    /// The person who caused it. Null when a rule did.
    async fn by(&self) -> Option<&str> {
        self.0.by.as_deref()
    }

    /// The reason as text. Null when there is none beside the kind.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The identifiers concerned.
    async fn identifiers(&self, ctx: &Context<'_>) -> Result<Vec<Identifier>, Error> {
        Identifier::of_ids_at(ctx, self.1, &self.0.identifiers).await
    }

    /// Ids of the other customers concerned: customers that were merged in, or the customers of refused identifiers.
    async fn other_customer_ids(&self) -> Vec<ID> {
        self.0.others.iter().map(|id| NodeId::Customer(id.clone()).encode_at(self.1)).collect()
    }
}

impl IdentityEvent {
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        arrival: Arrival,
    ) -> Result<Option<Self>, Error> {
        Ok(load::one_as_of(ctx, as_of, arrival).await?.map(|row| IdentityEvent(row, as_of)))
    }
}
