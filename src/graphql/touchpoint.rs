//! A contact between a customer and the business.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, ID, InputObject, Object, SimpleObject};

use super::customer::{Customer, TimeOrder};
use super::device::Device;
use super::error::{Code, bad_argument, coded};
use super::id::NodeId;
use super::identifier::Identifier;
use super::known;
use super::load::{self, MessageId, Total, TouchpointCount, TouchpointsOf};
use super::order::{Order, held};
use super::page::{Connection, List, read_first};
use super::scalar::{DateTime, Json};
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
    when: Option<Moment>,
}

/// Who came to whom.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The customer came to us.
    Inbound,
    /// We went to the customer.
    Outbound,
}

/// What touchpoints must be; all that is given must hold. An empty list is a list not given.
#[derive(InputObject, Clone, Debug, Default)]
pub struct TouchpointFilter {
    /// At this moment or later.
    pub since: Option<DateTime>,
    /// Before this moment.
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

/// What brought a customer.
#[derive(SimpleObject, Clone)]
pub struct Campaign {
    /// Its name.
    name: Option<String>,
    /// Where it ran.
    source: Option<String>,
    /// By what means.
    medium: Option<String>,
    /// The keyword.
    term: Option<String>,
    /// Which of several.
    content: Option<String>,
}

/// A contact between a customer and the business: a page seen, a message sent, a call, an order.
#[Object]
impl Touchpoint {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::Touchpoint(self.row.message_id.clone()).encode_at(self.when)
    }

    /// The id of the event it came with.
    async fn message_id(&self) -> &str {
        &self.row.message_id
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// What it means: `view`, `search`, `product`, `cart`, `wishlist`, `order`, `return`, `message_sent`,
    /// `message_opened`, `message_clicked`, `message_failed`, `contact`, `visit`, `delivery`, `sign_up`,
    /// `sign_in`, `like`, `dislike`, `consent` or `other`.
    async fn kind(&self) -> &str {
        &self.row.fact.kind
    }

    /// The event's own name; of a page or a screen its name or path.
    async fn name(&self) -> &str {
        &self.row.fact.name
    }

    /// Where it happened, such as `website` or `email`.
    async fn channel(&self) -> &str {
        &self.row.fact.channel
    }

    /// Who came to whom.
    async fn direction(&self) -> Direction {
        match self.row.fact.direction {
            touchpoint::Direction::Inbound => Direction::Inbound,
            touchpoint::Direction::Outbound => Direction::Outbound,
        }
    }

    /// Who sent it.
    async fn source(&self) -> &str {
        &self.row.source
    }

    /// What brought the customer; null when nothing was said.
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

    /// The device it happened on; null when it is not known.
    async fn device(&self, ctx: &Context<'_>) -> Option<Result<Device, Error>> {
        let key = self.row.device.clone()?;
        if let Some(view) = &self.view {
            match Device::pick(ctx, view, |device| device.fact.key == key, 1).await {
                Ok(mut found) if !found.is_empty() => return Some(Ok(found.remove(0))),
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        Device::fetch_at(ctx, self.when, key).await.transpose()
    }

    /// The order it is about; null when it is about none, or about one that has not arrived.
    async fn order(&self, ctx: &Context<'_>) -> Option<Result<Order, Error>> {
        Order::fetch_at(ctx, self.when, self.row.order.clone()?).await.transpose()
    }

    /// The event's `properties`, as they came; null when it had none.
    async fn properties(&self) -> Option<Json> {
        Json::from_raw(self.row.fact.properties.as_ref()?)
    }

    /// The identifier it hangs on: the strongest of its event that was accepted.
    async fn identifier(&self, ctx: &Context<'_>) -> Result<Identifier, Error> {
        if let Some(view) = &self.view
            && let Some(row) = view.identifiers.iter().find(|i| i.id == self.row.owner)
        {
            return Ok(Identifier::of_customer(row.clone(), view));
        }
        let found = Identifier::fetch_at(ctx, self.when, IdentifierRef::Id(self.row.owner)).await?;
        found.ok_or_else(|| coded(Code::Internal, "internal error"))
    }

    /// Whose it is: who holds that identifier now. Null when nobody does.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        if let Some(view) = &self.view
            && view.identifiers.iter().any(|i| i.id == self.row.owner)
        {
            return Some(Ok(Customer::of_view(view.clone())));
        }
        Customer::who_holds(ctx, self.when, self.row.owner).await.transpose()
    }
}

impl Touchpoint {
    /// One of a customer whose view is at hand.
    pub(super) fn of_customer(row: touchpoint::Touchpoint, view: &Arc<CustomerView>) -> Self {
        Touchpoint { row, when: view.as_of, view: Some(view.clone()) }
    }

    /// The touchpoint of this message.
    pub(super) async fn fetch(ctx: &Context<'_>, message_id: Arc<str>) -> Result<Option<Self>, Error> {
        Self::fetch_at(ctx, None, message_id).await
    }

    /// The same as of a moment: null when it arrived later.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        when: Option<Moment>,
        message_id: Arc<str>,
    ) -> Result<Option<Self>, Error> {
        Ok(load::then(ctx, when, MessageId(message_id)).await?.map(|row| Touchpoint { row, view: None, when }))
    }
}

/// A page of an owner's touchpoints: from the customer's view when that holds it, else read.
#[allow(clippy::too_many_arguments)]
pub(super) async fn page(
    ctx: &Context<'_>,
    when: Option<Moment>,
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
        Box::pin(known::check_channels(ctx, "filter.channels", channels)).await?;
    }
    known::check_touchpoint_kinds("filter.kinds", filter.kinds.as_deref().unwrap_or_default())?;
    let filter = read_filter(filter)?;
    let order = match order {
        None | Some(TimeOrder::NewestFirst) => query::TimeOrder::NewestFirst,
        Some(TimeOrder::OldestFirst) => query::TimeOrder::OldestFirst,
    };
    let list = match (&of, view) {
        (Of::Identifier(id), _) => List::of_identifier(*id, when, "touchpoints", (&filter, order)),
        (_, Some(view)) => List::of_customer(view, "touchpoints", (&filter, order)),
        (Of::Customer(id), None) => List::of_store("touchpoints", (id, when, &filter, order)),
    };
    let after = list.read::<TimeKey>(after.as_deref())?;
    let plain = filter == query::TouchpointFilter::default()
        && order == query::TimeOrder::NewestFirst
        && after.is_none()
        && matches!(of, Of::Customer(_));
    let first_page = view.filter(|_| plain).and_then(|view| held(view.touchpoints.as_ref(), limit));
    let page = match first_page {
        Some(page) => page,
        None => {
            let page = TouchpointPage { filter: filter.clone(), order, after, limit };
            let page = load::then(ctx, when, TouchpointsOf(of.clone(), page)).await?;
            page.unwrap_or(Page { items: Vec::new(), more: false })
        }
    };
    // Of a customer whose figures are at hand, the whole list is counted already.
    let total = match (&of, view) {
        (Of::Customer(_), Some(view)) if filter == query::TouchpointFilter::default() => {
            Total::Known(view.rollup().touchpoint_count())
        }
        _ => Total::Touchpoints(TouchpointCount(of.clone(), filter.clone())),
    };
    let place = |t: &touchpoint::Touchpoint| TimeKey { at: t.at, arrival: t.arrival };
    let node = |row| Touchpoint { row, view: view.cloned(), when };
    Ok(Connection::forward(&list, page, after.is_some(), total.at(when), place, node))
}

fn read_filter(filter: TouchpointFilter) -> Result<query::TouchpointFilter, Error> {
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && until.0 < since.0
    {
        return Err(bad_argument("filter.until", "earlier than `since`", "give a moment after `since`"));
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
