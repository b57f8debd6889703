//! Links: pairs of identifiers that were seen together.

use async_graphql::{Context, Error, ID, Object, SimpleObject};

use super::error::{Code, coded, store_error};
use super::id::NodeId;
use super::identifier::Identifier;
use super::load::{self, LinkCount, LinksOf, Total};
use super::page::{Connection, List, read_first};
use super::scalar::{DateTime, int};
use crate::domain::Moment;
use crate::domain::identifier::IdentifierKey;
use crate::domain::link::{self, Link};
use crate::domain::page::Page;
use crate::store::query::{IdentifierRef, LinkKey, LinkPage, Of};

/// Two identifiers that were seen together.
#[derive(Clone)]
pub struct IdentifierLink(pub(super) Link, pub(super) Option<Moment>);

/// Two identifiers that were seen together in at least one event, accepted or refused. `from` and `to` are the same
/// wherever the link is read.
#[Object]
impl IdentifierLink {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::IdentifierLink(key_of(&self.0)).encode_at(self.1)
    }

    /// One of the two identifiers.
    async fn from(&self, ctx: &Context<'_>) -> Result<Identifier, Error> {
        end(ctx, self.1, self.0.from).await
    }

    /// The other identifier.
    async fn to(&self, ctx: &Context<'_>) -> Result<Identifier, Error> {
        end(ctx, self.1, self.0.to).await
    }

    /// The rule that accepted or refused the link: the kind of the weaker identifier, the kind whose limit was reached, or
    /// `max_identifiers`. `decision` when a person merged the two and no event has both.
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

    /// The number of events that have both. 1 for a decision.
    async fn count(&self) -> i32 {
        int(self.0.count)
    }

    /// The `messageId` of the first event that has both. Empty for a decision.
    async fn message_id(&self) -> &str {
        &self.0.message_id
    }

    /// The source that sent it. For a decision the person who made it; the reason is in `identityHistory`, at the time of
    /// `firstAt`.
    async fn source(&self) -> &str {
        &self.0.source
    }

    /// Why it was refused, as text. Null when it was accepted.
    async fn refused(&self) -> Option<&str> {
        self.0.refused.as_deref()
    }
}

/// How two identifiers are connected: the shortest chain of accepted links. When both belong to one customer, all links
/// are within that customer; if no links connect the two, decisions of people to merge are used. When they belong to
/// different customers, it is the chain that connected them once. At some step of that chain, the two identifiers now
/// have different customers, or one has none because it is shared.
#[derive(SimpleObject)]
pub struct LinkExplanation {
    /// Whether both ends belong to one customer. Then all identifiers between them belong to it too.
    same_customer: bool,
    /// The identifiers from one end to the other, one more than `steps`. When both ends are the same identifier, the path
    /// has one entry.
    path: Vec<Identifier>,
    /// The link between each identifier of `path` and the next. Its `from` and `to` do not follow the direction of the
    /// path.
    steps: Vec<IdentifierLink>,
}

impl LinkExplanation {
    pub(super) async fn fetch(
        ctx: &Context<'_>,
        from: &IdentifierKey,
        to: &IdentifierKey,
    ) -> Result<Option<Self>, Error> {
        let loaders = load::of(ctx);
        let found = loaders.loader().0.why_linked(from, to).await.map_err(store_error)?;
        let Some(link::LinkExplanation { same_customer, path, steps }) = found else { return Ok(None) };
        // The ends of the steps are on the path, so they need not be read again.
        loaders.feed_many(path.iter().map(|row| (IdentifierRef::Id(row.id), row.clone()))).await;
        let path = path.into_iter().map(Identifier::alone).collect();
        Ok(Some(LinkExplanation {
            same_customer,
            path,
            steps: steps.into_iter().map(|link| IdentifierLink(link, None)).collect(),
        }))
    }
}

/// A page of the links of a customer or an identifier.
pub(super) async fn page(
    ctx: &Context<'_>,
    list: &List<'_>,
    as_of: Option<Moment>,
    of: Of,
    refused: Option<bool>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Connection<IdentifierLink>, Error> {
    let (limit, after) = (read_first(first)?, list.read(after.as_deref())?);
    let page = load::one_as_of(ctx, as_of, LinksOf(of.clone(), LinkPage { refused, after, limit })).await?;
    let page = page.unwrap_or(Page { items: Vec::new(), more: false });
    let total = Total::Links(LinkCount(of, refused)).at(as_of);
    Ok(Connection::forward(list, page, after.is_some(), total, key_of, |link| IdentifierLink(link, as_of)))
}

fn key_of(link: &Link) -> LinkKey {
    LinkKey { from: link.from, to: link.to, refused: link.refused.is_some() }
}

async fn end(ctx: &Context<'_>, as_of: Option<Moment>, id: crate::domain::IdentifierId) -> Result<Identifier, Error> {
    let found = Identifier::fetch_at(ctx, as_of, IdentifierRef::Id(id)).await?;
    found.ok_or_else(|| coded(Code::Internal, "internal error"))
}
