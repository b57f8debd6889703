//! A customer: a set of identifiers, and everything that is attached to them.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, ID, Object};

use super::activity::Activity;
use super::channel_choice::ChannelChoice;
use super::claim::{self, Trait};
use super::consent::Consent;
use super::customer_figures::CustomerFigures;
use super::customer_journey::{CustomerJourney, CustomerJourneyScope};
use super::customer_parts::{self, CustomerParts};
use super::device::Device;
use super::erasure;
use super::error::{Code, coded, store_error};
use super::id::NodeId;
use super::identifier::Identifier;
use super::identity_event::IdentityEvent;
use super::link::IdentifierLink;
use super::load::{
    self, CustomerLoad, DevicesOf, IdentityEventCount, IdentityEventsOf, LoadFuture, ProductActsOf, Total,
};
use super::order::Order;
use super::page::{Connection, List, read_first};
use super::product::{CustomerProduct, ProductRelation};
use super::scalar::DateTime;
use super::segment_membership::{self, SegmentMembership};
use super::spend::Spend;
use super::touchpoint::{Touchpoint, TouchpointFilter};
use super::{Setup, customer_figures, known_names, link, order, touchpoint};
use crate::domain::consent::in_force;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::product::related;
use crate::domain::{IdentifierId, Moment};
use crate::store::query::{CustomerKey, FirstPages, IdentifierRef, Of, Shape, TimeKey};

/// A person as known across all channels: a set of identifiers, and everything that is attached to them.
#[derive(Clone)]
pub struct Customer {
    id: CustomerId,
    as_of: Option<Moment>,
    /// `None` when the query selects only the id, which another row has, or the name.
    view: Option<Arc<CustomerView>>,
    /// What the name is made of, when the query selects only that.
    name: Option<Arc<CustomerView>>,
}

/// The order of a list by time.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum TimeOrder {
    /// The latest first.
    NewestFirst,
    /// The earliest first.
    OldestFirst,
}

/// A person as known across all channels: a set of identifiers, and everything that is attached to them.
#[Object]
impl Customer {
    /// Opaque. It stays valid for ever: after a merge it finds the customer that this one was merged into. With `asOf` it
    /// includes the moment, as do the ids of all objects below.
    pub(super) async fn id(&self) -> ID {
        NodeId::Customer(self.id.clone()).encode_at(self.as_of)
    }

    /// The moment of this view. Null for the present.
    async fn as_of(&self) -> Option<DateTime> {
        self.as_of.map(|moment| DateTime(moment.at))
    }

    /// The customer as it is now. When it was merged since then, the customer it was merged into. When `asOf` is null,
    /// the customer itself.
    async fn current(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        match self.as_of {
            None => Some(Ok(self.clone())),
            Some(_) => Customer::of_id(ctx, self.id.clone()).await.transpose(),
        }
    }

    /// Ids of customers that were merged into this one, the oldest first. They still find it.
    async fn former_ids(&self) -> Result<Vec<ID>, Error> {
        let former = self.view()?.customer.former_ids.iter();
        Ok(former.map(|id| NodeId::Customer(id.clone()).encode_at(self.as_of)).collect())
    }

    /// The name to show: the trait `name`, else first and last name, else an e-mail address or a phone number. Null when
    /// none is known.
    async fn display_name(&self, ctx: &Context<'_>) -> Option<Result<String, Error>> {
        let view = self.name.as_ref().map_or_else(|| self.view(), Ok);
        view.map(|view| claim::display_name(ctx, view)).transpose()
    }

    /// When the customer was first seen: the smallest `firstSeenAt` of its identifiers.
    async fn created_at(&self) -> Result<DateTime, Error> {
        Ok(DateTime(self.view()?.first_seen_at().unwrap_or_default()))
    }

    /// The customer's traits by name. Of several values of a trait, the policy in the settings chooses one.
    async fn traits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these traits.")] names: Option<Vec<String>>,
    ) -> Result<Vec<Trait>, Error> {
        Ok(claim::shown(ctx, self.view()?, names.as_deref()))
    }

    /// The customer's identifiers, the first seen first.
    async fn identifiers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only identifiers of this kind, such as `email`.")] kind: Option<String>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Identifier>, Error> {
        if let Some(kind) = &kind {
            Box::pin(known_names::check_kind(ctx, "kind", kind)).await?;
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

    /// Each edge of the identity graph once: identifiers that were seen together and accepted, and identifiers that were
    /// seen together with another customer's and refused.
    async fn links(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "True: only refused links. False: only accepted links. Left out: both.")] refused: Option<
            bool,
        >,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<IdentifierLink>, Error> {
        let list = List::of_customer(self.view()?, "links", refused);
        link::page(ctx, &list, self.as_of, self.of(), refused, first, after).await
    }

    /// The devices on which the customer's identifiers were seen, the last seen first.
    async fn devices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Device>, Error> {
        let (first, view) = (read_first(first)?, self.view()?);
        let list = List::of_customer(view, "devices", ());
        let after = list.read(after.as_deref())?;
        let node = |device| Device::of_customer(device, view);
        match &view.devices {
            Some(devices) => Ok(Connection::of_slice(&list, devices, first, after, node)),
            None => {
                let devices = load::one_as_of(ctx, self.as_of, DevicesOf(self.of())).await?.unwrap_or_default();
                Ok(Connection::of_slice(&list, &devices, first, after, node))
            }
        }
    }

    /// The customer's orders, the newest first. An order of which only a refund has arrived is not included.
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only orders placed at this time or later.")] since: Option<DateTime>,
        #[graphql(desc = "Only orders placed before this time.")] until: Option<DateTime>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Order>, Error> {
        order::page(ctx, self.view()?, since, until, first, after).await
    }

    /// The customer's touchpoints.
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
        touchpoint::page(ctx, self.as_of, self.of(), Some(self.view()?), filter, order_by, first, after).await
    }

    /// The customer's journey: sessions across channels and devices, and conversions. TOO_EXPENSIVE for a customer with
    /// more than 250,000 touchpoints.
    async fn journey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which touchpoints count. Left out: all.")] scope: Option<CustomerJourneyScope>,
    ) -> Option<Result<CustomerJourney, Error>> {
        Some(self.view().and_then(|view| CustomerJourney::new(ctx, view, scope)))
    }

    /// Counts and times of touchpoints and orders.
    async fn activity(&self) -> Result<Activity, Error> {
        Ok(Activity::of(self.view()?))
    }

    /// The customer's spend, one entry for each currency. Empty when all orders are cancelled or there are none.
    async fn spend(&self) -> Result<Vec<Spend>, Error> {
        Ok(Spend::of(&self.view()?.rollup()))
    }

    /// The channel on which something is most likely seen within seven days, with the numbers behind it. Null for a customer
    /// without a touchpoint, and after an error. With `asOf` it is worked out from what was stored then; everybody's rates
    /// are of then too, and of now on a store of more than 3,000 customers or 100,000 touchpoints. NOT_READY while such a store
    /// is read for the first time, TOO_EXPENSIVE for a customer with more than 250,000 touchpoints.
    async fn preferred_channel(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Leave out channels on which the customer's consent for this purpose is not GRANTED. Of several \
            consents the strictest counts. Left out: the purpose of the request, if it has one that needs consent."
        )]
        purpose: Option<String>,
    ) -> Option<Result<ChannelChoice, Error>> {
        if let Err(error) = self.check_size() {
            return Some(Err(error));
        }
        let purpose = purpose.map(Arc::from).or_else(|| customer_figures::purpose(ctx));
        Box::pin(ChannelChoice::fetch(ctx, self.as_of, &self.id, purpose.as_deref())).await.transpose()
    }

    /// Figures about the orders of the customer in one currency, and its habits. Null after an error. With `asOf`, and in its
    /// errors, as `preferredChannel`.
    async fn figures(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ISO 4217 code of the currency. Left out: the most frequent one.")] currency: Option<
            String,
        >,
        #[graphql(desc = "Only what happened at this time or later.")] since: Option<DateTime>,
        #[graphql(desc = "Only what happened before this time.")] until: Option<DateTime>,
    ) -> Option<Result<CustomerFigures, Error>> {
        if let Err(error) = self.check_size() {
            return Some(Err(error));
        }
        let (as_of, currency) = (self.as_of, currency.as_deref());
        Box::pin(CustomerFigures::fetch(ctx, as_of, &self.id, currency, since, until)).await.transpose()
    }

    /// The consents in force, one for each purpose and channel. When merged customers decided differently, the strictest.
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

    /// The saved segments that the customer is in, by name. Null as of a moment, and after an error.
    async fn segments(&self, ctx: &Context<'_>) -> Option<Result<Vec<SegmentMembership>, Error>> {
        match self.as_of {
            Some(_) => None,
            None => Some(Box::pin(segment_membership::of_customer(ctx, &self.id)).await),
        }
    }

    /// Products with this relation to the customer, the newest first.
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The relation between customer and product.")] relation: ProductRelation,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<CustomerProduct>, Error> {
        let first = read_first(first)?;
        let relation = relation.into();
        let list = List::of_customer(self.view()?, "products", relation);
        let after = list.read(after.as_deref())?;
        let acts = load::one_as_of(ctx, self.as_of, ProductActsOf(self.id.clone())).await?;
        let acts = acts.unwrap_or_default();
        let products = related(relation, &acts.0, &acts.1);
        Ok(Connection::of_slice(&list, &products, first, after, |related| CustomerProduct(related, self.as_of)))
    }

    /// The history of the customer's identity, the oldest event first: created, linked, merged, split, refused. It
    /// includes the history of customers that were merged into this one.
    async fn identity_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<IdentityEvent>, Error> {
        let first = read_first(first)?;
        let list = List::of_customer(self.view()?, "identityHistory", ());
        let after = list.read(after.as_deref())?;
        let id = &self.id;
        let as_of = self.as_of;
        let page = load::one_as_of(ctx, as_of, IdentityEventsOf(id.clone(), after, first)).await?;
        let page = page.unwrap_or(crate::domain::page::Page { items: Vec::new(), more: false });
        let total = Total::IdentityEvents(IdentityEventCount(id.clone())).at(as_of);
        Ok(Connection::forward(&list, page, after.is_some(), total, |e| e.arrival, |e| IdentityEvent(e, as_of)))
    }
}

impl Customer {
    /// The customer that `key` finds, now or as of a moment.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        key: CustomerKey,
        parts: CustomerParts,
    ) -> Result<Option<Self>, Error> {
        let load = CustomerLoad(key, parts.shape, parts.pages);
        let view = load::one_as_of(ctx, as_of, load).await?.transpose().map_err(store_error)?.flatten();
        Ok(view.map(|view| Customer::of_parts(view, parts)))
    }

    /// # Errors
    /// When it has too many touchpoints to be read at once.
    fn check_size(&self) -> Result<(), Error> {
        customer_figures::check_size(self.view()?.rollup().touchpoint_count())
    }

    /// The same as [`fetch_at`](Self::fetch_at) for a key that the caller gave.
    ///
    /// # Errors
    /// ERASED for the id of an erased customer.
    pub(super) async fn named_at(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        key: CustomerKey,
        parts: CustomerParts,
    ) -> Result<Option<Self>, Error> {
        let found = Self::fetch_at(ctx, as_of, key.clone(), parts).await?;
        if let (None, CustomerKey::Id(id)) = (&found, &key) {
            erasure::check(&*load::of(ctx).loader().0, id).await?;
        }
        Ok(found)
    }

    /// The customer of a view that was read with these parts.
    pub(super) fn of_parts(view: Arc<CustomerView>, parts: CustomerParts) -> Self {
        match parts.shape {
            Shape::Name => Customer { id: view.customer.id.clone(), as_of: view.as_of, view: None, name: Some(view) },
            _ => Customer::of_view(view),
        }
    }

    /// The customer of this view.
    pub(super) fn of_view(view: Arc<CustomerView>) -> Self {
        Customer { id: view.customer.id.clone(), as_of: view.as_of, view: Some(view), name: None }
    }

    /// A customer that exists, of which the query selects only the id.
    pub(super) fn with_only_id(id: CustomerId, as_of: Option<Moment>) -> Self {
        Customer { id, as_of, view: None, name: None }
    }

    /// The customer of an identifier's row. It is read only when the query selects more than its id.
    pub(super) fn of_owner<'a>(
        ctx: &'a Context<'_>,
        as_of: Option<Moment>,
        owner: CustomerId,
    ) -> LoadFuture<'a, Option<Self>> {
        if customer_parts::only_id(&[ctx.look_ahead()]) {
            return Box::pin(std::future::ready(Ok(Some(Self::with_only_id(owner, as_of)))));
        }
        Self::of_id_at(ctx, as_of, owner)
    }

    /// The parts that were read.
    ///
    /// # Errors
    /// When the query selects more than `customer_parts::only_id` found, which is an error of this program.
    pub(super) fn view(&self) -> Result<&Arc<CustomerView>, Error> {
        self.view.as_ref().ok_or_else(|| coded(Code::Internal, "internal error"))
    }

    /// The customer of this id, with the parts that the current field selects.
    pub(super) fn of_id<'a>(ctx: &'a Context<'_>, id: CustomerId) -> LoadFuture<'a, Option<Self>> {
        Self::of_id_at(ctx, None, id)
    }

    /// The same, as of a moment.
    pub(super) fn of_id_at<'a>(
        ctx: &'a Context<'_>,
        as_of: Option<Moment>,
        id: CustomerId,
    ) -> LoadFuture<'a, Option<Self>> {
        Box::pin(Self::fetch_at(ctx, as_of, CustomerKey::Id(id), CustomerParts::of_field(ctx)))
    }

    /// The customer that has an identifier, now or as of a moment.
    pub(super) fn of_identifier_at<'a>(
        ctx: &'a Context<'_>,
        as_of: Option<Moment>,
        identifier: IdentifierId,
    ) -> LoadFuture<'a, Option<Self>> {
        Box::pin(async move {
            let found = load::one_as_of(ctx, as_of, IdentifierRef::Id(identifier)).await?;
            let Some(id) = found.and_then(|identifier| identifier.customer) else { return Ok(None) };
            Self::of_owner(ctx, as_of, id).await
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
        let parts = CustomerParts { shape: Shape::Identity, pages: FirstPages { orders: 0, touchpoints: 0 } };
        let found = Self::fetch_at(ctx, self.as_of, key, parts).await?;
        Ok(found.and_then(|found| found.view).unwrap_or_else(|| view.clone()))
    }
}
