//! All touchpoints of one customer, as far as its journey goes: read in pages, kept slim.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::domain::customer::CustomerId;
use crate::domain::order::OrderKey;
use crate::domain::touchpoint::Touchpoint;
use crate::journeys::kind::{Kinds, TouchpointKind};
use crate::journeys::property::Properties;
use crate::store::query::*;
use crate::store::{Reads, Result, StoreError};

/// The most touchpoints of one customer whose journey is read from the store: sessions are cut over all of
/// them, and this many take the store about two seconds.
pub(in crate::graphql) const MOST: usize = 250_000;
/// How many are read at a time.
const PAGE: usize = 5_000;
/// How often a history that changes while it is read is begun again.
const TRIES: usize = 3;

/// Whose history, with which dimensions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct HistoryOf(pub(in crate::graphql) CustomerId, pub(in crate::graphql) Arc<Properties>);

/// A customer's touchpoints in order of time and arrival.
pub(in crate::graphql) struct History {
    pub(super) passed: Vec<Passed>,
    pub(super) kinds: Kinds,
    pub(super) orders: Vec<OrderKey>,
}

/// A touchpoint.
pub(super) struct Passed {
    pub(super) key: TimeKey,
    pub(super) message_id: Arc<str>,
    /// The session the sender named, as a code of this history.
    pub(super) session: Option<u32>,
    /// What it is, as a code of `kinds`.
    pub(super) kind: u32,
    /// The order it is about, as a place in `orders`.
    pub(super) order: Option<u32>,
}

/// Reads one; `None` when it is longer than [`MOST`].
pub(in crate::graphql) async fn read<R: Reads + ?Sized>(reads: &R, of: &HistoryOf) -> Result<Option<Arc<History>>> {
    let HistoryOf(customer, dimensions) = of;
    for _ in 0..TRIES {
        let mut gathering = Gathering::new(dimensions);
        if gathering.page(reads, customer, None).await?.is_none() {
            return Ok(Some(Arc::new(gathering.history)));
        }
        // Pages are of one moment each. Whatever changes of the customer between them raises its version.
        let before = version(reads, customer).await?;
        gathering = Gathering::new(dimensions);
        let mut next = gathering.page(reads, customer, None).await?;
        while let Some(place) = next {
            if gathering.history.passed.len() > MOST {
                return Ok(None);
            }
            next = gathering.page(reads, customer, Some(place)).await?;
        }
        if version(reads, customer).await? == before {
            return Ok(Some(Arc::new(gathering.history)));
        }
    }
    Err(StoreError::Busy("a customer's history changed whenever it was read".into()))
}

async fn version<R: Reads + ?Sized>(reads: &R, customer: &CustomerId) -> Result<Option<i64>> {
    let key = [CustomerKey::Id(customer.clone())];
    let found = reads.customers(&key, Shape::Card, FirstPages { orders: 0, touchpoints: 0 }).await?;
    let view = found.into_iter().next().transpose()?.flatten();
    Ok(view.map(|view| view.customer.version))
}

struct Gathering<'p> {
    history: History,
    dimensions: &'p Properties,
    sessions: FxHashMap<Arc<str>, u32>,
    orders: FxHashMap<OrderKey, u32>,
}

impl<'p> Gathering<'p> {
    fn new(dimensions: &'p Properties) -> Self {
        let kinds = Kinds::new(dimensions.names().into());
        let history = History { passed: Vec::new(), kinds, orders: Vec::new() };
        Gathering { history, dimensions, sessions: FxHashMap::default(), orders: FxHashMap::default() }
    }

    /// Adds a page, and answers behind which place the next one begins, when there is one.
    async fn page<R: Reads + ?Sized>(
        &mut self,
        reads: &R,
        customer: &CustomerId,
        after: Option<TimeKey>,
    ) -> Result<Option<TimeKey>> {
        let page =
            TouchpointPage { filter: TouchpointFilter::default(), order: TimeOrder::OldestFirst, after, limit: PAGE };
        let pages = reads.list_touchpoints(&[Of::Customer(customer.clone())], &page).await?;
        let Some(page) = pages.into_iter().next() else { return Ok(None) };
        page.items.iter().for_each(|touchpoint| self.add(touchpoint));
        let last = self.history.passed.last().map(|passed| passed.key);
        Ok(last.filter(|_| page.more))
    }

    fn add(&mut self, touchpoint: &Touchpoint) {
        let fact = &touchpoint.fact;
        let mut values = self.dimensions.values();
        if let Some(properties) = &fact.properties {
            values.read(self.dimensions, properties.get());
        }
        let campaign = fact.campaign.as_deref();
        let kind = self.history.kinds.code(&TouchpointKind {
            name: &fact.name,
            kind: &fact.kind,
            channel: &fact.channel,
            direction: fact.direction,
            source: &touchpoint.source,
            campaign: campaign.and_then(|c| c.name.as_deref()),
            campaign_source: campaign.and_then(|c| c.source.as_deref()),
            campaign_medium: campaign.and_then(|c| c.medium.as_deref()),
            dimensions: &values.shown(),
        });
        let session = fact.session_id.as_ref().map(|id| {
            let next = self.sessions.len() as u32;
            *self.sessions.entry(id.clone()).or_insert(next)
        });
        let order = touchpoint.order.as_ref().map(|key| {
            *self.orders.entry(key.clone()).or_insert_with(|| {
                self.history.orders.push(key.clone());
                self.history.orders.len() as u32 - 1
            })
        });
        let key = TimeKey { at: touchpoint.at, arrival: touchpoint.arrival };
        let message_id = touchpoint.message_id.clone();
        self.history.passed.push(Passed { key, message_id, session, kind, order });
    }
}
