//! An identifier: a name under which a channel knows a person.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, InputObject, Object};

use super::candidate::{self, OwnerCandidate};
use super::customer::{Customer, TimeOrder};
use super::device::Device;
use super::id::NodeId;
use super::link::{self, IdentifierLink};
use super::load::{self, DevicesOf, KeptApart};
use super::page::{Connection, List, read_size};
use super::scalar::DateTime;
use super::touchpoint::{self, Touchpoint, TouchpointFilter};
use super::viewer::Viewer;
use crate::domain::Moment;
use crate::domain::customer::CustomerView;
use crate::domain::identifier;
use crate::store::query::{IdentifierRef, Of};

/// A name under which a channel knows a person.
#[derive(Clone)]
pub struct Identifier {
    row: identifier::Identifier,
    view: Option<Arc<CustomerView>>,
    as_of: Option<Moment>,
}

/// An identifier to look up. The server normalises the value first.
#[derive(InputObject, Clone, Debug)]
pub struct IdentifierInput {
    /// The kind, such as `email`.
    pub kind: String,
    /// The value, in any common spelling.
    pub value: String,
}

/// A name under which a channel knows a person: a cookie, an e-mail address, a loyalty card number.
#[Object]
impl Identifier {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::Identifier(self.row.id).encode_at(self.as_of)
    }

    /// The kind, such as `email`.
    async fn kind(&self) -> &str {
        &self.row.key.kind
    }

    /// The normalised value. When it is masked, three dots and a token: the same value has the same token for all callers
    /// of a role, and the token does not tell the value.
    async fn value(&self, ctx: &Context<'_>) -> String {
        let viewer = ctx.data_unchecked::<Viewer>();
        if self.is_masked(ctx) { viewer.token(&self.row.key) } else { self.row.key.value.to_string() }
    }

    /// Whether the value is hidden from the caller.
    async fn masked(&self, ctx: &Context<'_>) -> bool {
        self.is_masked(ctx)
    }

    /// The earliest time of an event with this identifier.
    async fn first_seen_at(&self) -> DateTime {
        DateTime(self.row.first_seen_at)
    }

    /// The latest time of an event with this identifier.
    async fn last_seen_at(&self) -> DateTime {
        DateTime(self.row.last_seen_at)
    }

    /// Whether it was found to be shared by several people. A shared identifier connects no customers.
    async fn shared(&self) -> bool {
        self.row.is_shared()
    }

    /// The customer that has this identifier. Null when it is shared, when it is of a kind that connects no customers and
    /// was only seen alone, or when it was always refused.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        // A customer without other identifiers keeps a shared identifier, so that the customer's id still finds it; it
        // is not a person.
        if self.row.is_shared() {
            return None;
        }
        if let Some(view) = &self.view {
            return Some(Ok(Customer::of_view(view.clone())));
        }
        let id = self.row.customer.clone()?;
        Customer::of_owner(ctx, self.as_of, id).await.transpose()
    }

    /// For a shared identifier: the customers it may belong to, at most 10, the most likely first. They are the customers
    /// that were signed in during its visits in the 90 days before it was last seen. Empty for other identifiers.
    async fn candidates(&self, ctx: &Context<'_>) -> Result<Vec<OwnerCandidate>, Error> {
        if !self.row.is_shared() {
            return Ok(Vec::new());
        }
        Box::pin(candidate::of(ctx, self.as_of, &self.row)).await
    }

    /// The devices on which it was seen, the last seen first. Below a customer only that customer's events count.
    async fn devices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<Device>, Error> {
        let first = read_size("first", first)?;
        if let Some(view) = &self.view {
            // The view has the times of this customer only.
            return Device::pick(ctx, view, |device| device.identifiers.contains(&self.row.id), first).await;
        }
        let devices = load::one_as_of(ctx, self.as_of, DevicesOf(self.of())).await?.unwrap_or_default();
        Ok(devices.iter().take(first).cloned().map(|row| Device::alone(row, self.as_of)).collect())
    }

    /// Identifiers that a person decided to keep apart from this one, the oldest first, at most 100.
    async fn never(&self, ctx: &Context<'_>) -> Result<Vec<Identifier>, Error> {
        let ids = load::one_as_of(ctx, self.as_of, KeptApart(self.row.id)).await?.unwrap_or_default();
        Identifier::of_ids_at(ctx, self.as_of, &ids).await
    }

    /// The links to identifiers it was seen together with, accepted and refused.
    async fn links(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<IdentifierLink>, Error> {
        let list = List::of_identifier(self.row.id, self.as_of, "links", ());
        Box::pin(link::page(ctx, &list, self.as_of, self.of(), None, first, after)).await
    }

    /// The touchpoints that are attached to this identifier.
    async fn touchpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only items that match.")] filter: Option<TouchpointFilter>,
        #[graphql(desc = "The order of the list.", default_with = "Some(TimeOrder::NewestFirst)")] order_by: Option<
            TimeOrder,
        >,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Touchpoint>, Error> {
        let view = self.view.as_ref();
        Box::pin(touchpoint::page(ctx, self.as_of, self.of(), view, filter, order_by, first, after)).await
    }
}

impl Identifier {
    /// An identifier from the view of its customer.
    pub(super) fn of_customer(row: identifier::Identifier, view: &Arc<CustomerView>) -> Self {
        Identifier { row, view: Some(view.clone()), as_of: view.as_of }
    }

    /// An identifier that was read without a customer.
    pub(super) fn alone(row: identifier::Identifier) -> Self {
        Identifier { row, view: None, as_of: None }
    }

    /// The identifier that `key` finds now.
    pub(super) async fn fetch(ctx: &Context<'_>, key: IdentifierRef) -> Result<Option<Self>, Error> {
        Self::fetch_at(ctx, None, key).await
    }

    /// The identifier that `key` finds, now or as of a moment.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        key: IdentifierRef,
    ) -> Result<Option<Self>, Error> {
        Ok(load::one_as_of(ctx, as_of, key).await?.map(|row| Identifier { row, view: None, as_of }))
    }

    /// Identifiers by id. Ids that are not found are left out.
    pub(super) async fn of_ids(ctx: &Context<'_>, ids: &[crate::domain::IdentifierId]) -> Result<Vec<Self>, Error> {
        Self::of_ids_at(ctx, None, ids).await
    }

    /// The same, as of a moment.
    pub(super) async fn of_ids_at(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        ids: &[crate::domain::IdentifierId],
    ) -> Result<Vec<Self>, Error> {
        let keys = ids.iter().map(|id| IdentifierRef::Id(*id));
        let found = load::many_as_of(ctx, as_of, keys.clone()).await?;
        let node = |row: &identifier::Identifier| Identifier { row: row.clone(), view: None, as_of };
        Ok(keys.filter_map(|key| found.get(&key)).map(node).collect())
    }

    /// Keeps the customer's view when the identifier belongs to it, so that the customer is not read again.
    pub(super) fn with_view(mut self, view: Option<&Arc<CustomerView>>) -> Self {
        let is_owner = |view: &&Arc<CustomerView>| self.row.customer.as_ref() == Some(&view.customer.id);
        self.view = view.filter(is_owner).cloned();
        self
    }

    fn of(&self) -> Of {
        Of::Identifier(self.row.id)
    }

    fn is_masked(&self, ctx: &Context<'_>) -> bool {
        ctx.data_unchecked::<Viewer>().masks.hides_kind(&self.row.key.kind)
    }
}
