//! Touchpoints.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, ID, InputObject, Object, SimpleObject};

use super::customer::{Customer, TimeOrder};
use super::device::Device;
use super::error::{Code, bad_argument, coded};
use super::id::NodeId;
use super::identifier::Identifier;
use super::known_names;
use super::load::{self, MessageId, Total, TouchpointCount, TouchpointsOf};
use super::order::{Order, first_of};
use super::page::{Connection, List, read_first};
use super::scalar::{DateTime, Json};
use super::viewer::Viewer;
use crate::domain::Moment;
use crate::domain::customer::CustomerView;
use crate::domain::page::Page;
use crate::domain::touchpoint;
use crate::store::query::{self, IdentifierRef, Of, TimeKey, TouchpointPage};

/// A contact between a customer and the business.
#[derive(Clone)]
pub struct Touchpoint {
    row: touchpoint::Touchpoint,
    view: Option<Arc<CustomerView>>,
    as_of: Option<Moment>,
}

/// The direction of a touchpoint.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the customer to the business.
    Inbound,
    /// From the business to the customer.
    Outbound,
}

/// A filter of touchpoints. All given conditions must hold. An empty list counts as not given.
#[derive(InputObject, Clone, Debug, Default)]
pub struct TouchpointFilter {
    /// At this time or later.
    pub since: Option<DateTime>,
    /// Before this time.
    pub until: Option<DateTime>,
    /// On one of these channels.
    pub channels: Option<Vec<String>>,
    /// Of one of these kinds.
    pub kinds: Option<Vec<String>>,
    /// With one of these names.
    pub names: Option<Vec<String>>,
    /// In this direction.
    pub direction: Option<Direction>,
}

impl std::fmt::Debug for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        touchpoint::Direction::from(*self).fmt(f)
    }
}

/// A marketing campaign.
#[derive(SimpleObject, Clone)]
pub struct Campaign {
    /// The name.
    name: Option<String>,
    /// The source, such as a search engine.
    source: Option<String>,
    /// The medium, such as `email`.
    medium: Option<String>,
    /// The keyword.
    term: Option<String>,
    /// The variant of the content.
    content: Option<String>,
}

/// A contact between a customer and the business: a page seen, a message sent, a call, an order.
#[Object]
impl Touchpoint {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::Touchpoint(self.row.message_id.clone()).encode_at(self.as_of)
    }

    /// The `messageId` of its event.
    async fn message_id(&self) -> &str {
        &self.row.message_id
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// The kind: `view`, `search`, `product`, `cart`, `wishlist`, `order`, `return`, `message_sent`, `message_opened`,
    /// `message_clicked`, `message_failed`, `contact`, `visit`, `delivery`, `sign_up`, `sign_in`, `like`, `dislike`,
    /// `consent` or `other`.
    async fn kind(&self) -> &str {
        &self.row.fact.kind
    }

    /// The name of the event. For a page or a screen its name or path.
    async fn name(&self) -> &str {
        &self.row.fact.name
    }

    /// The channel, such as `website` or `email`.
    async fn channel(&self) -> &str {
        &self.row.fact.channel
    }

    /// Inbound or outbound.
    async fn direction(&self) -> Direction {
        match self.row.fact.direction {
            touchpoint::Direction::Inbound => Direction::Inbound,
            touchpoint::Direction::Outbound => Direction::Outbound,
        }
    }

    /// The source that sent it.
    async fn source(&self) -> &str {
        &self.row.source
    }

    /// The campaign. Null when the event has none.
    async fn campaign(&self) -> Option<Campaign> {
        let campaign = self.row.fact.campaign.as_ref()?;
        let text = |part: &Option<Arc<str>>| part.as_ref().map(|text| text.to_string());
        Some(Campaign {
            name: text(&campaign.name),
            source: text(&campaign.source),
            medium: text(&campaign.medium),
            term: text(&campaign.term),
            content: text(&campaign.content),
        })
    }

    /// The device. Null when it is not known.
    async fn device(&self, ctx: &Context<'_>) -> Option<Result<Device, Error>> {
        let key = self.row.device.clone()?;
        if let Some(view) = &self.view {
            match Device::pick(ctx, view, |device| device.fact.key == key, 1).await {
                Ok(mut found) if !found.is_empty() => return Some(Ok(found.remove(0))),
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        Device::fetch_at(ctx, self.as_of, key).await.transpose()
    }

    /// The order it is about. Null when there is none, or when the order has not arrived yet.
    async fn order(&self, ctx: &Context<'_>) -> Option<Result<Order, Error>> {
        Order::fetch_at(ctx, self.as_of, self.row.order.clone()?).await.transpose()
    }

    /// The event's `properties`, unchanged, without those that are masked. Null when it has none.
    async fn properties(&self, ctx: &Context<'_>) -> Option<Json> {
        let properties = self.row.fact.properties.as_ref()?;
        match ctx.data_unchecked::<Viewer>().masks.without_hidden(properties) {
            Some(seen) => Json::from_raw(&seen),
            None => Json::from_raw(properties),
        }
    }

    /// The identifier it is attached to: the strongest accepted identifier of its event.
    async fn identifier(&self, ctx: &Context<'_>) -> Result<Identifier, Error> {
        if let Some(view) = &self.view
            && let Some(row) = view.identifiers.iter().find(|i| i.id == self.row.owner)
        {
            return Ok(Identifier::of_customer(row.clone(), view));
        }
        let found = Identifier::fetch_at(ctx, self.as_of, IdentifierRef::Id(self.row.owner)).await?;
        found.ok_or_else(|| coded(Code::Internal, "internal error"))
    }

    /// The customer that has this identifier. Null when none has.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        if let Some(view) = &self.view
            && view.identifiers.iter().any(|i| i.id == self.row.owner)
        {
            return Some(Ok(Customer::of_view(view.clone())));
        }
        Customer::of_identifier_at(ctx, self.as_of, self.row.owner).await.transpose()
    }
}

impl Touchpoint {
    /// A touchpoint of a customer with this view.
    pub(super) fn of_customer(row: touchpoint::Touchpoint, view: &Arc<CustomerView>) -> Self {
        Touchpoint { row, as_of: view.as_of, view: Some(view.clone()) }
    }

    /// The touchpoint of the event with this message id.
    pub(super) async fn fetch(ctx: &Context<'_>, message_id: Arc<str>) -> Result<Option<Self>, Error> {
        Self::fetch_at(ctx, None, message_id).await
    }

    /// The same, as of a moment. `None` when the event arrived later.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        message_id: Arc<str>,
    ) -> Result<Option<Self>, Error> {
        Ok(load::one_as_of(ctx, as_of, MessageId(message_id)).await?.map(|row| Touchpoint { row, view: None, as_of }))
    }
}

/// A page of the touchpoints of a customer or an identifier: from the customer's view when that has it, else read from
/// the store.
#[allow(clippy::too_many_arguments)]
pub(super) async fn page(
    ctx: &Context<'_>,
    as_of: Option<Moment>,
    of: Of,
    view: Option<&Arc<CustomerView>>,
    filter: Option<TouchpointFilter>,
    order: Option<TimeOrder>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Connection<Touchpoint>, Error> {
    let limit = read_first(first)?;
    let filter = filter.unwrap_or_default();
    if let Some(channels) = &filter.channels {
        Box::pin(known_names::check_channels(ctx, "filter.channels", channels)).await?;
    }
    known_names::check_touchpoint_kinds("filter.kinds", filter.kinds.as_deref().unwrap_or_default())?;
    let filter = read_filter(filter)?;
    let order = match order {
        None | Some(TimeOrder::NewestFirst) => query::TimeOrder::NewestFirst,
        Some(TimeOrder::OldestFirst) => query::TimeOrder::OldestFirst,
    };
    let list = match (&of, view) {
        (Of::Identifier(id), _) => List::of_identifier(*id, as_of, "touchpoints", (&filter, order)),
        (_, Some(view)) => List::of_customer(view, "touchpoints", (&filter, order)),
        (Of::Customer(id), None) => List::of_store("touchpoints", (id, as_of, &filter, order)),
    };
    let after = list.read::<TimeKey>(after.as_deref())?;
    let plain = filter == query::TouchpointFilter::default()
        && order == query::TimeOrder::NewestFirst
        && after.is_none()
        && matches!(of, Of::Customer(_));
    let first_page = view.filter(|_| plain).and_then(|view| first_of(view.touchpoints.as_ref(), limit));
    let page = match first_page {
        Some(page) => page,
        None => {
            let page = TouchpointPage { filter: filter.clone(), order, after, limit };
            let page = load::one_as_of(ctx, as_of, TouchpointsOf(of.clone(), page)).await?;
            page.unwrap_or(Page { items: Vec::new(), more: false })
        }
    };
    // The figures of the customer's view have the length of the whole list.
    let total = match (&of, view) {
        (Of::Customer(_), Some(view)) if filter == query::TouchpointFilter::default() => {
            Total::Known(view.rollup().touchpoint_count())
        }
        _ => Total::Touchpoints(TouchpointCount(of.clone(), filter.clone())),
    };
    let place = |t: &touchpoint::Touchpoint| TimeKey { at: t.at, arrival: t.arrival };
    let node = |row| Touchpoint { row, view: view.cloned(), as_of };
    Ok(Connection::forward(&list, page, after.is_some(), total.at(as_of), place, node))
}

fn read_filter(filter: TouchpointFilter) -> Result<query::TouchpointFilter, Error> {
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && until.0 < since.0
    {
        return Err(bad_argument("filter.until", "earlier than `since`", "give a time after `since`"));
    }
    let list = |argument: &str, list: Option<Vec<String>>| {
        let list = list.unwrap_or_default();
        if list.len() > 100 {
            let message = format!("{} values are too many", list.len());
            return Err(bad_argument(&format!("filter.{argument}"), message, "at most 100"));
        }
        Ok(list.into_iter().map(Into::into).collect())
    };
    Ok(query::TouchpointFilter {
        since: filter.since.map(|t| t.0),
        until: filter.until.map(|t| t.0),
        channels: list("channels", filter.channels)?,
        kinds: list("kinds", filter.kinds)?,
        names: list("names", filter.names)?,
        direction: filter.direction.map(Into::into),
    })
}

impl From<Direction> for touchpoint::Direction {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Inbound => touchpoint::Direction::Inbound,
            Direction::Outbound => touchpoint::Direction::Outbound,
        }
    }
}
