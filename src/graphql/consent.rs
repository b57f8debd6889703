//! What a person allowed and forbade.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, Object};

use super::error::{Code, coded};
use super::identifier::Identifier;
use super::scalar::DateTime;
use crate::domain::consent;
use crate::domain::customer::CustomerView;
use crate::store::query::IdentifierRef;

/// A decision in force.
pub struct Consent {
    row: consent::Consent,
    view: Option<Arc<CustomerView>>,
}

/// What was decided.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum ConsentStatus {
    /// Allowed.
    Granted,
    /// Asked, and said no.
    Denied,
    /// Allowed once, and taken back.
    Revoked,
    /// Allowed until a time that is over.
    Expired,
    /// Nobody knows.
    Unknown,
}

/// A person's decision for a purpose, in force now, or at the moment that was asked for.
#[Object]
impl Consent {
    /// What it is for, such as `marketing`.
    async fn purpose(&self) -> &str {
        &self.row.fact.purpose
    }

    /// The channel it speaks of; null for every channel.
    async fn channel(&self) -> Option<&str> {
        self.row.fact.channel.as_deref()
    }

    /// What was decided.
    async fn status(&self) -> ConsentStatus {
        match self.row.fact.status {
            consent::ConsentStatus::Granted => ConsentStatus::Granted,
            consent::ConsentStatus::Denied => ConsentStatus::Denied,
            consent::ConsentStatus::Revoked => ConsentStatus::Revoked,
            consent::ConsentStatus::Expired => ConsentStatus::Expired,
            consent::ConsentStatus::Unknown => ConsentStatus::Unknown,
        }
    }

    /// When it was decided.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// When it runs out; null when it does not.
    async fn expires_at(&self) -> Option<DateTime> {
        self.row.fact.expires_at.map(DateTime)
    }

    /// Who sent it.
    async fn source(&self) -> &str {
        &self.row.source
    }

    /// The identifier it was given under.
    async fn identifier(&self, ctx: &Context<'_>) -> Result<Identifier, Error> {
        if let Some(view) = &self.view
            && let Some(row) = view.identifiers.iter().find(|i| i.id == self.row.owner)
        {
            return Ok(Identifier::of_customer(row.clone(), view));
        }
        let found = Identifier::fetch_at(
            ctx,
            self.view.as_ref().and_then(|view| view.as_of),
            IdentifierRef::Id(self.row.owner),
        )
        .await?;
        found.ok_or_else(|| coded(Code::Internal, "internal error"))
    }
}

impl Consent {
    pub(super) fn of_customer(row: consent::Consent, view: &Arc<CustomerView>) -> Self {
        Consent { row, view: Some(view.clone()) }
    }

    /// A decision that the change log names, in force or not.
    pub(super) fn of_log(row: consent::Consent) -> Self {
        Consent { row, view: None }
    }
}
