//! Consents: people's decisions for purposes and channels.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, Object};

use super::error::{Code, coded};
use super::identifier::Identifier;
use super::scalar::DateTime;
use crate::domain::consent;
use crate::domain::customer::CustomerView;
use crate::store::query::IdentifierRef;

/// A consent.
pub struct Consent {
    row: consent::Consent,
    view: Option<Arc<CustomerView>>,
}

/// The decision of a consent.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "consent::ConsentStatus")]
pub enum ConsentStatus {
    /// Allowed.
    Granted,
    /// The person was asked and refused.
    Denied,
    /// Granted once, and withdrawn later.
    Revoked,
    /// Granted until a time that has passed.
    Expired,
    /// Not known.
    Unknown,
}

/// A person's decision for a purpose, as it is in force now or was at the requested moment.
#[Object]
impl Consent {
    /// The purpose, such as `marketing`.
    async fn purpose(&self) -> &str {
        &self.row.fact.purpose
    }

    /// The channel. Null when the consent is for all channels.
    async fn channel(&self) -> Option<&str> {
        self.row.fact.channel.as_deref()
    }

    /// The decision.
    async fn status(&self) -> ConsentStatus {
        self.row.fact.status.into()
    }

    /// When the person decided.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// When it expires. Null when it does not expire.
    async fn expires_at(&self) -> Option<DateTime> {
        self.row.fact.expires_at.map(DateTime)
    }

    /// The source that sent it.
    async fn source(&self) -> &str {
        &self.row.source
    }

    /// The identifier that the consent is attached to.
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

    /// A consent of a change log entry, in force or not.
    pub(super) fn of_log(row: consent::Consent) -> Self {
        Consent { row, view: None }
    }
}
