//! All touchpoints of one customer, with the parts that its journey needs. Read in pages, kept in a compact form.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::domain::customer::CustomerId;
use crate::domain::order::OrderKey;
use crate::domain::touchpoint::Touchpoint;
use crate::journeys::kind::{Kinds, TouchpointKind};
use crate::journeys::property::Properties;
use crate::store::query::*;
use crate::store::{Reads, Result, StoreError};

/// The maximum number of touchpoints of a customer whose journey can be read. Sessions are computed over all of them,
/// and the store needs about two seconds for this many.
pub(super) const MOST: usize = 250_000;
/// The touchpoints of one read.
const PAGE: usize = 5_000;
/// How often reading starts again because the history changed in the meantime.
const TRIES: usize = 3;

/// Key of a history: the customer, and the dimensions to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HistoryOf(pub(super) CustomerId, pub(super) Arc<Properties>);

/// A customer's touchpoints in order of time and arrival.
pub(super) struct History {
    pub(super) rows: Vec<HistoryRow>,
    pub(super) kinds: Kinds,
    pub(super) orders: Vec<OrderKey>,
}

/// A touchpoint of a history.
pub(super) struct HistoryRow {
    pub(super) key: TimeKey,
    pub(super) message_id: Arc<str>,
    /// The sender's session id, as a number within this history.
    pub(super) session: Option<u32>,
    /// Name, kind, channel and dimensions, as a number of `kinds`.
    pub(super) kind: u32,
    /// The order it is about, as an index into `orders`.
    pub(super) order: Option<u32>,
}

/// Reads a history. `None` when it is longer than [`MOST`].
pub(super) async fn read<R: Reads + ?Sized>(reads: &R, of: &HistoryOf) -> Result<Option<Arc<History>>> {
    let HistoryOf(customer, dimensions) = of;
    for _ in 0..TRIES {
        let mut reader = HistoryReader::new(dimensions);
        if reader.page(reads, customer, None).await?.is_none() {
            return Ok(Some(Arc::new(reader.history)));
        }
        // Each page is consistent in itself. A change of the customer between two pages raises its version.
        let before = version(reads, customer).await?;
        reader = HistoryReader::new(dimensions);
        let mut next = reader.page(reads, customer, None).await?;
        while let Some(place) = next {
            if reader.history.rows.len() > MOST {
                return Ok(None);
            }
            next = reader.page(reads, customer, Some(place)).await?;
        }
        if version(reads, customer).await? == before {
            return Ok(Some(Arc::new(reader.history)));
        }
    }
    Err(StoreError::Busy("a customer's history kept changing while it was read".into()))
}

async fn version<R: Reads + ?Sized>(reads: &R, customer: &CustomerId) -> Result<Option<i64>> {
    let key = [CustomerKey::Id(customer.clone())];
    let found = reads.customers(&key, Shape::Card, FirstPages { orders: 0, touchpoints: 0 }).await?;
    let view = found.into_iter().next().transpose()?.flatten();
    Ok(view.map(|view| view.customer.version))
}

/// Builds a history page by page.
struct HistoryReader<'p> {
    history: History,
    dimensions: &'p Properties,
    sessions: FxHashMap<Arc<str>, u32>,
    orders: FxHashMap<OrderKey, u32>,
}

impl<'p> HistoryReader<'p> {
    fn new(dimensions: &'p Properties) -> Self {
        let kinds = Kinds::new(dimensions.names().into());
        let history = History { rows: Vec::new(), kinds, orders: Vec::new() };
        HistoryReader { history, dimensions, sessions: FxHashMap::default(), orders: FxHashMap::default() }
    }

    /// Adds a page. Returns the key after which the next page starts, `None` when this was the last.
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
        let last = self.history.rows.last().map(|row| row.key);
        Ok(last.filter(|_| page.more))
    }

    fn add(&mut self, touchpoint: &Touchpoint) {
        let fact = &touchpoint.fact;
        let mut values = self.dimensions.values();
        if let Some(properties) = &fact.properties {
            values.read(self.dimensions, properties.get());
        }
        let kind = self.history.kinds.code(&TouchpointKind::of(touchpoint, &values.shown()));
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
        self.history.rows.push(HistoryRow { key, message_id, session, kind, order });
    }
}
