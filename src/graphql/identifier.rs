//! A name by which a channel knows a person.

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

/// A name by which a channel knows a person.
#[derive(Clone)]
pub struct Identifier {
    row: identifier::Identifier,
    view: Option<Arc<CustomerView>>,
    when: Option<Moment>,
}

/// An identifier to look up; the value is normalised by the server first.
#[derive(InputObject, Clone, Debug)]
pub struct IdentifierInput {
    /// The kind, such as `email`.
    pub kind: String,
    /// The value, as a person would write it.
    pub value: String,
}

/// A name by which a channel knows a person: a cookie, an e-mail address, a loyalty card.
#[Object]
impl Identifier {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::Identifier(self.row.id).encode_at(self.when)
    }

    /// Its kind, such as `email`.
    async fn kind(&self) -> &str {
        &self.row.key.kind
    }

    /// Its normalised value; a row of dots when it is masked.
    async fn value(&self, ctx: &Context<'_>) -> &str {
        if self.is_masked(ctx) { "\u{2022}\u{2022}\u{2022}\u{2022}" } else { &self.row.key.value }
    }

    /// Whether the value is hidden from you.
    async fn masked(&self, ctx: &Context<'_>) -> bool {
        self.is_masked(ctx)
    }

    /// The smallest time of an event that carried it.
    async fn first_seen_at(&self) -> DateTime {
        DateTime(self.row.first_seen_at)
    }

    /// The largest.
    async fn last_seen_at(&self) -> DateTime {
        DateTime(self.row.last_seen_at)
    }

    /// Whether several people use it, so that it binds nobody.
    async fn shared(&self) -> bool {
        self.row.is_shared()
    }

    /// Who holds it. Null when it is shared, or of a kind that binds nobody and was only ever seen alone,
    /// or was refused wherever it was seen.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        // A customer that has nothing else keeps a shared identifier, so that its id finds it; it is no person.
        if self.row.is_shared() {
            return None;
        }
        if let Some(view) = &self.view {
            return Some(Ok(Customer::of_view(view.clone())));
        }
        let id = self.row.customer.clone()?;
        Customer::of_holder(ctx, self.when, id).await.transpose()
    }

    /// For a shared one: who it may be, the most likely first, at most 10, by who was signed in
    /// during its visits of the 90 days until it was last seen. Empty otherwise.
    async fn candidates(&self, ctx: &Context<'_>) -> Result<Vec<OwnerCandidate>, Error> {
        if !self.row.is_shared() {
            return Ok(Vec::new());
        }
        Box::pin(candidate::of(ctx, self.when, &self.row)).await
    }

    /// The devices it was seen on, last seen first: below a customer by that customer.
    async fn devices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<Device>, Error> {
        let first = read_size("first", first)?;
        if let Some(view) = &self.view {
            // Below a customer a device's times are that customer's.
            return Device::pick(ctx, view, |device| device.identifiers.contains(&self.row.id), first).await;
        }
        let devices = load::then(ctx, self.when, DevicesOf(self.of())).await?.unwrap_or_default();
        Ok(devices.iter().take(first).cloned().map(|row| Device::alone(row, self.when)).collect())
    }

    /// Identifiers that a person has said it does not belong with, oldest first, at most 100.
    async fn never(&self, ctx: &Context<'_>) -> Result<Vec<Identifier>, Error> {
        let ids = load::then(ctx, self.when, KeptApart(self.row.id)).await?.unwrap_or_default();
        Identifier::of_ids_at(ctx, self.when, &ids).await
    }

    /// Whom it was seen together with, whether that bound them or was refused.
    async fn links(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<IdentifierLink>, Error> {
        let list = List::of_identifier(self.row.id, self.when, "links", ());
        Box::pin(link::page(ctx, &list, self.when, self.of(), None, first, after)).await
    }

    /// The touchpoints that hang on this identifier.
    async fn touchpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that fit.")] filter: Option<TouchpointFilter>,
        #[graphql(desc = "Which way the list runs.", default_with = "Some(TimeOrder::NewestFirst)")] order_by: Option<
            TimeOrder,
        >,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Touchpoint>, Error> {
        let view = self.view.as_ref();
        Box::pin(touchpoint::page(ctx, self.when, self.of(), view, filter, order_by, first, after)).await
    }
}

impl Identifier {
    /// One that the view of its customer brought.
    pub(super) fn of_customer(row: identifier::Identifier, view: &Arc<CustomerView>) -> Self {
        Identifier { row, view: Some(view.clone()), when: view.as_of }
    }

    /// One that was read by itself.
    pub(super) fn alone(row: identifier::Identifier) -> Self {
        Identifier { row, view: None, when: None }
    }

    /// The identifier that `key` finds.
    pub(super) async fn fetch(ctx: &Context<'_>, key: IdentifierRef) -> Result<Option<Self>, Error> {
        Self::fetch_at(ctx, None, key).await
    }

    /// The identifier that `key` found then.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        when: Option<Moment>,
        key: IdentifierRef,
    ) -> Result<Option<Self>, Error> {
        Ok(load::then(ctx, when, key).await?.map(|row| Identifier { row, view: None, when }))
    }

    /// Identifiers by id; one that is not found is left out.
    pub(super) async fn of_ids(ctx: &Context<'_>, ids: &[crate::domain::IdentifierId]) -> Result<Vec<Self>, Error> {
        Self::of_ids_at(ctx, None, ids).await
    }

    /// The same as of a moment.
    pub(super) async fn of_ids_at(
        ctx: &Context<'_>,
        when: Option<Moment>,
        ids: &[crate::domain::IdentifierId],
    ) -> Result<Vec<Self>, Error> {
        let keys = ids.iter().map(|id| IdentifierRef::Id(*id));
        let found = load::then_many(ctx, when, keys.clone()).await?;
        let node = |row: &identifier::Identifier| Identifier { row: row.clone(), view: None, when };
        Ok(keys.filter_map(|key| found.get(&key)).map(node).collect())
    }

    /// Takes the customer's view when it is the holder, so that nothing is read twice.
    pub(super) fn with_view(mut self, view: Option<&Arc<CustomerView>>) -> Self {
        let holds = |view: &&Arc<CustomerView>| self.row.customer.as_ref() == Some(&view.customer.id);
        self.view = view.filter(holds).cloned();
        self
    }

    fn of(&self) -> Of {
        Of::Identifier(self.row.id)
    }

    fn is_masked(&self, ctx: &Context<'_>) -> bool {
        !ctx.data_unchecked::<Viewer>().sees_identifier(&self.row.key.kind)
    }
}
