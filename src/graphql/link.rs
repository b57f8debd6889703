//! Two identifiers that were seen together.

use async_graphql::{Context, Error, ID, Object};

use super::error::{Code, coded};
use super::id::NodeId;
use super::identifier::Identifier;
use super::load::{self, LinkCount, LinksOf, Total};
use super::page::{Connection, read_after, read_first};
use super::scalar::{DateTime, int};
use crate::domain::link::Link;
use crate::domain::page::Page;
use crate::store::query::{IdentifierRef, LinkKey, LinkPage, Of};

/// Two identifiers that were seen together.
#[derive(Clone)]
pub struct IdentifierLink(pub(super) Link);

/// Two identifiers that were seen together in at least one event. `from` and `to` never turn round,
/// however the link was reached.
#[Object]
impl IdentifierLink {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::IdentifierLink(key_of(&self.0)).encode()
    }

    /// One of the two.
    async fn from(&self, ctx: &Context<'_>) -> Result<Identifier, Error> {
        end(ctx, self.0.from).await
    }

    /// The other.
    async fn to(&self, ctx: &Context<'_>) -> Result<Identifier, Error> {
        end(ctx, self.0.to).await
    }

    /// The rule that bound or refused: the kind of the weaker identifier, the kind whose limit forbade
    /// it, or `max_identifiers`.
    async fn rule(&self) -> &str {
        &self.0.rule
    }

    /// When they were first seen together.
    async fn first_at(&self) -> DateTime {
        DateTime(self.0.first_at)
    }

    /// When they were last seen together.
    async fn last_at(&self) -> DateTime {
        DateTime(self.0.last_at)
    }

    /// In how many events.
    async fn count(&self) -> i32 {
        int(self.0.count)
    }

    /// The first message that said so.
    async fn message_id(&self) -> &str {
        &self.0.message_id
    }

    /// Who sent it.
    async fn source(&self) -> &str {
        &self.0.source
    }

    /// Why it did not bind, in words; null when it did.
    async fn refused(&self) -> Option<&str> {
        self.0.refused.as_deref()
    }
}

/// A page of an owner's links.
pub(super) async fn page(
    ctx: &Context<'_>,
    of: Of,
    refused: Option<bool>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Connection<IdentifierLink>, Error> {
    let (limit, after) = (read_first(first)?, read_after(after.as_deref())?);
    let page = load::one(ctx, LinksOf(of.clone(), LinkPage { refused, after, limit })).await?;
    let page = page.unwrap_or(Page { items: Vec::new(), more: false });
    Ok(Connection::forward(page, after.is_some(), Total::Links(LinkCount(of, refused)), key_of, IdentifierLink))
}

fn key_of(link: &Link) -> LinkKey {
    LinkKey { from: link.from, to: link.to, refused: link.refused.is_some() }
}

async fn end(ctx: &Context<'_>, id: crate::domain::IdentifierId) -> Result<Identifier, Error> {
    let found = Identifier::fetch(ctx, IdentifierRef::Id(id)).await?;
    found.ok_or_else(|| coded(Code::Internal, "internal error"))
}
