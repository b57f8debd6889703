//! A customer: all that hangs on its identifiers.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, ID, Object};

use super::activity::Activity;
use super::claim::{self, Trait};
use super::consent::Consent;
use super::customer_journey::{CustomerJourney, CustomerJourneyScope};
use super::device::Device;
use super::error::{Code, coded, store_error};
use super::id::NodeId;
use super::identifier::Identifier;
use super::identity_event::IdentityEvent;
use super::link::IdentifierLink;
use super::load::{self, CustomerLoad, DevicesOf, IdentityEventCount, IdentityEventsOf, ProductActsOf, Total, Waiting};
use super::order::Order;
use super::page::{Connection, List, read_first};
use super::product::{CustomerProduct, ProductRelation};
use super::scalar::DateTime;
use super::shape::{self, Ask};
use super::spend::Spend;
use super::touchpoint::{Touchpoint, TouchpointFilter};
use super::{Setup, known, link, order, touchpoint};
use crate::domain::consent::in_force;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::product::related;
use crate::domain::{IdentifierId, Moment};
use crate::store::query::{CustomerKey, FirstPages, IdentifierRef, Of, Shape, TimeKey};

/// A person as all channels together know them: a set of identifiers, and all that hangs on them.
#[derive(Clone)]
pub struct Customer {
    id: CustomerId,
    as_of: Option<Moment>,
    /// `None` where a query asks for no more than the id, and another row has it.
    view: Option<Arc<CustomerView>>,
}

/// Which way a list by time runs.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum TimeOrder {
    /// The latest first.
    NewestFirst,
    /// The earliest first.
    OldestFirst,
}

/// A person as all channels together know them: a set of identifiers, and all that hangs on them.
#[Object]
impl Customer {
    /// Opaque. It stays valid for ever: after a merge it finds the customer that this one became. Under
    /// `asOf` it carries the moment, as the id of everything below does.
    pub(super) async fn id(&self) -> ID {
        NodeId::Customer(self.id.clone()).encode_at(self.as_of)
    }

    /// The moment this view is of; null for the present.
    async fn as_of(&self) -> Option<DateTime> {
        self.as_of.map(|moment| DateTime(moment.at))
    }

    /// The customer as it is now, the one it became when it was merged since; itself when `asOf` is null.
    async fn current(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        match self.as_of {
            None => Some(Ok(self.clone())),
            Some(_) => Customer::of_id(ctx, self.id.clone()).await.transpose(),
        }
    }

    /// Ids of customers that were merged into this one, oldest first. They still find it.
    async fn former_ids(&self) -> Result<Vec<ID>, Error> {
        let former = self.view()?.customer.former_ids.iter();
        Ok(former.map(|id| NodeId::Customer(id.clone()).encode_at(self.as_of)).collect())
    }

    /// How to call the person: the trait `name`, else first and last name, else an e-mail address or a
    /// phone number. Null when none is known.
    async fn display_name(&self, ctx: &Context<'_>) -> Option<Result<String, Error>> {
        self.view().map(|view| claim::display_name(ctx, view)).transpose()
    }

    /// When the customer was first seen: the smallest `firstSeenAt` of its identifiers.
    async fn created_at(&self) -> Result<DateTime, Error> {
        Ok(DateTime(self.view()?.first_seen_at().unwrap_or_default()))
    }

    /// What is said of the person: of each trait the value that the settings' policy chooses, by name.
    async fn traits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these traits.")] names: Option<Vec<String>>,
    ) -> Result<Vec<Trait>, Error> {
        Ok(claim::shown(ctx, self.view()?, names.as_deref()))
    }

    /// The names the channels know the person by, first seen first.
    async fn identifiers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this kind, such as `email`.")] kind: Option<String>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Identifier>, Error> {
        if let Some(kind) = &kind {
            Box::pin(known::check_kind(ctx, "kind", kind)).await?;
        }
        let (first, view) = (read_first(first)?, self.view()?);
        let list = List::of_customer(view, "identifiers", &kind);
        let after = list.read::<TimeKey>(after.as_deref())?;
        let place = |i: &crate::domain::identifier::Identifier| TimeKey { at: i.first_seen_at, arrival: i.id };
        let fits = |i: &&crate::domain::identifier::Identifier| kind.as_ref().is_none_or(|kind| &*i.key.kind == kind);
        let all = || view.identifiers.iter().filter(fits);
        let items = all().filter(|i| after.is_none_or(|after| place(i) > after)).take(first + 1).cloned().collect();
        let page = crate::domain::page::Page::cut(items, first);
        let total = Total::Known(all().count() as i64);
        Ok(Connection::forward(&list, page, after.is_some(), total, place, |i| Identifier::of_customer(i, view)))
    }

    /// Each edge of its identity graph once: which of its identifiers were seen together, and which were
    /// seen with somebody else's and refused.
    async fn links(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that did not bind (true), only those that did (false).")] refused: Option<bool>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<IdentifierLink>, Error> {
        let list = List::of_customer(self.view()?, "links", refused);
        link::page(ctx, &list, self.as_of, self.of(), refused, first, after).await
    }

    /// The devices its identifiers were seen on, last seen first.
    async fn devices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Device>, Error> {
        let (first, view) = (read_first(first)?, self.view()?);
        let list = List::of_customer(view, "devices", ());
        let after = list.read(after.as_deref())?;
        let node = |device| Device::of_customer(device, view);
        match &view.devices {
            Some(devices) => Ok(Connection::of_slice(&list, devices, first, after, node)),
            None => {
                let devices = load::then(ctx, self.as_of, DevicesOf(self.of())).await?.unwrap_or_default();
                Ok(Connection::of_slice(&list, &devices, first, after, node))
            }
        }
    }

    /// Its orders, newest first. An order of which only a refund has arrived is not among them yet.
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Placed at this moment or later.")] since: Option<DateTime>,
        #[graphql(desc = "Placed before this moment.")] until: Option<DateTime>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Order>, Error> {
        order::page(ctx, self.view()?, since, until, first, after).await
    }

    /// Everything that happened between the person and the business.
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
        touchpoint::page(ctx, self.as_of, self.of(), Some(self.view()?), filter, order_by, first, after).await
    }

    /// Its journey: sessions across channels and devices, and what they led to. TOO_EXPENSIVE for a customer
    /// with more than 250,000 touchpoints.
    async fn journey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of which touchpoints; left out, of all.")] scope: Option<CustomerJourneyScope>,
    ) -> Option<Result<CustomerJourney, Error>> {
        Some(self.view().and_then(|view| CustomerJourney::new(ctx, view, scope)))
    }

    /// How much happened, and where.
    async fn activity(&self) -> Result<Activity, Error> {
        Ok(Activity::of(self.view()?))
    }

    /// Its money, one entry per currency. Empty when there is no order that was not cancelled.
    async fn spend(&self) -> Result<Vec<Spend>, Error> {
        Ok(Spend::of(&self.view()?.rollup()))
    }

    /// The consents in force, one per purpose and channel; where customers that became one had decided
    /// differently, the strictest.
    async fn consents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only for this purpose.")] purpose: Option<String>,
    ) -> Result<Vec<Consent>, Error> {
        let view = self.with_consents(ctx).await?;
        let now = view.as_of.map_or_else(|| ctx.data_unchecked::<Setup>().now(), |moment| moment.at);
        let given = view.consents.as_deref().unwrap_or_default();
        let fits = |c: &crate::domain::consent::Consent| purpose.as_ref().is_none_or(|p| &*c.fact.purpose == p);
        Ok(in_force(given, now).into_iter().filter(fits).map(|c| Consent::of_customer(c, &view)).collect())
    }

    /// Products the person stands in a relation to, newest first.
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which relation.")] relation: ProductRelation,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<CustomerProduct>, Error> {
        let first = read_first(first)?;
        let relation = relation.into();
        let list = List::of_customer(self.view()?, "products", relation);
        let after = list.read(after.as_deref())?;
        let acts = load::then(ctx, self.as_of, ProductActsOf(self.id.clone())).await?;
        let acts = acts.unwrap_or_default();
        let products = related(relation, &acts.0, &acts.1);
        Ok(Connection::of_slice(&list, &products, first, after, |related| CustomerProduct(related, self.as_of)))
    }

    /// How this customer came to be what it is: created, linked, merged, refused; oldest first. What
    /// happened to a customer that was merged into it is told too.
    async fn identity_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<IdentityEvent>, Error> {
        let first = read_first(first)?;
        let list = List::of_customer(self.view()?, "identityHistory", ());
        let after = list.read(after.as_deref())?;
        let id = &self.id;
        let when = self.as_of;
        let page = load::then(ctx, when, IdentityEventsOf(id.clone(), after, first)).await?;
        let page = page.unwrap_or(crate::domain::page::Page { items: Vec::new(), more: false });
        let total = Total::IdentityEvents(IdentityEventCount(id.clone())).at(when);
        Ok(Connection::forward(&list, page, after.is_some(), total, |e| e.arrival, |e| IdentityEvent(e, when)))
    }
}

impl Customer {
    /// The customer that `key` finds now, or found at a moment.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        when: Option<Moment>,
        key: CustomerKey,
        ask: Ask,
    ) -> Result<Option<Self>, Error> {
        let load = CustomerLoad(key, ask.shape, ask.pages);
        let view = load::then(ctx, when, load).await?.transpose().map_err(store_error)?.flatten();
        Ok(view.map(Customer::of_view))
    }

    /// The customer of this view.
    pub(super) fn of_view(view: Arc<CustomerView>) -> Self {
        Customer { id: view.customer.id.clone(), as_of: view.as_of, view: Some(view) }
    }

    /// A customer that is known to live, of which a query asks for no more than the id.
    pub(super) fn of_id_alone(id: CustomerId, as_of: Option<Moment>) -> Self {
        Customer { id, as_of, view: None }
    }

    /// The holder of an identifier, as the identifier's row has it: read only when more than its id is asked for.
    pub(super) fn of_holder<'a>(
        ctx: &'a Context<'_>,
        when: Option<Moment>,
        holder: CustomerId,
    ) -> Waiting<'a, Option<Self>> {
        if shape::id_alone(&[ctx.look_ahead()]) {
            return Box::pin(std::future::ready(Ok(Some(Self::of_id_alone(holder, when)))));
        }
        Self::of_id_at(ctx, when, holder)
    }

    /// All that was read of it.
    ///
    /// # Errors
    /// When a query asks for more than the id where `shape::id_alone` saw no more: a fault of ours.
    pub(super) fn view(&self) -> Result<&Arc<CustomerView>, Error> {
        self.view.as_ref().ok_or_else(|| coded(Code::Internal, "internal error"))
    }

    /// The customer of this id, as an object below another needs it.
    pub(super) fn of_id<'a>(ctx: &'a Context<'_>, id: CustomerId) -> Waiting<'a, Option<Self>> {
        Self::of_id_at(ctx, None, id)
    }

    /// The same as of a moment.
    pub(super) fn of_id_at<'a>(
        ctx: &'a Context<'_>,
        when: Option<Moment>,
        id: CustomerId,
    ) -> Waiting<'a, Option<Self>> {
        Box::pin(Self::fetch_at(ctx, when, CustomerKey::Id(id), Ask::of_field(ctx)))
    }

    /// Who holds an identifier, or held it at a moment; the same kind of object.
    pub(super) fn who_holds<'a>(
        ctx: &'a Context<'_>,
        when: Option<Moment>,
        identifier: IdentifierId,
    ) -> Waiting<'a, Option<Self>> {
        Box::pin(async move {
            let found = load::then(ctx, when, IdentifierRef::Id(identifier)).await?;
            let Some(holder) = found.and_then(|identifier| identifier.customer) else { return Ok(None) };
            Self::of_holder(ctx, when, holder).await
        })
    }

    fn of(&self) -> Of {
        Of::Customer(self.id.clone())
    }

    async fn with_consents(&self, ctx: &Context<'_>) -> Result<Arc<CustomerView>, Error> {
        let view = self.view()?;
        if view.consents.is_some() {
            return Ok(view.clone());
        }
        let key = CustomerKey::Id(self.id.clone());
        let ask = Ask { shape: Shape::Identity, pages: FirstPages { orders: 0, touchpoints: 0 } };
        let found = Self::fetch_at(ctx, self.as_of, key, ask).await?;
        Ok(found.and_then(|found| found.view).unwrap_or_else(|| view.clone()))
    }
}
