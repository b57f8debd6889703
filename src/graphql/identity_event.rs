//! A line of a customer's identity history.

use async_graphql::{Context, Enum, Error, ID, Object};

use super::id::NodeId;
use super::identifier::Identifier;
use super::load;
use super::scalar::DateTime;
use crate::domain::{Arrival, Moment, change};

/// A line of a customer's identity history.
pub struct IdentityEvent(pub(super) change::IdentityEvent, pub(super) Option<Moment>);

/// What happened to a customer's identity.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum IdentityEventKind {
    /// It was created.
    Created,
    /// Identifiers joined it.
    Linked,
    /// Other customers were absorbed.
    Merged,
    /// It was split.
    Split,
    /// Identifiers were seen with it and refused.
    Refused,
    /// It was erased.
    Erased,
}

/// Something that happened to a customer's identity, with what brought it.
#[Object]
impl IdentityEvent {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::IdentityEvent(self.0.arrival).encode_at(self.1)
    }

    /// When it was stored.
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

    /// The rule that decided: a kind, or `max_identifiers`. Null when none did.
    async fn rule(&self) -> Option<&str> {
        self.0.rule.as_deref()
    }

    /// The message that brought it; null when a person did it.
    async fn message_id(&self) -> Option<&str> {
        self.0.message_id.as_deref()
    }

    /// Who did it; null when a rule did.
    async fn by(&self) -> Option<&str> {
        self.0.by.as_deref()
    }

    /// Why, in words; null where the kind says it all.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The identifiers it is about.
    async fn identifiers(&self, ctx: &Context<'_>) -> Result<Vec<Identifier>, Error> {
        Identifier::of_ids_at(ctx, self.1, &self.0.identifiers).await
    }

    /// Ids of other customers it is about: those that were absorbed, or who holds what was refused.
    async fn other_customer_ids(&self) -> Vec<ID> {
        self.0.others.iter().map(|id| NodeId::Customer(id.clone()).encode_at(self.1)).collect()
    }
}

impl IdentityEvent {
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        when: Option<Moment>,
        arrival: Arrival,
    ) -> Result<Option<Self>, Error> {
        Ok(load::then(ctx, when, arrival).await?.map(|row| IdentityEvent(row, when)))
    }
}
