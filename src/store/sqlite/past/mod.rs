//! The store as of a moment.
//!
//! What is only ever added is read as now, up to the moment's end ([`end`]): touchpoints, orders (folded from
//! what had been said), acts about products, identity histories; who owned them then is told by `past_owner`
//! where it changed. What changes in place has a `past_` table
//! beside it, or is counted again: who held what and figures ([`people`]), [`links`], [`devices`] and the
//! names of [`products`].

pub(super) mod devices;
pub(super) mod links;
pub(super) mod people;
pub(super) mod products;

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;

use super::pool::Pool;
use super::{decisions, identity_events, orders, touchpoints, visits};
use crate::domain::change::IdentityEvent;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::device::Device;
use crate::domain::identifier::Identifier;
use crate::domain::link::Link;
use crate::domain::order::{Order, OrderKey};
use crate::domain::page::Page;
use crate::domain::product::{Product, ProductActed};
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::stitching::visits::Seen;
use crate::store::query::*;
use crate::store::{Reads, Result};

/// The first arrival that was not there yet; of the present there is none.
pub(super) fn end(when: Option<Moment>) -> i64 {
    when.map_or(i64::MAX, |moment| moment.end().0)
}

/// The store as it was at a moment.
pub(super) struct AsOf {
    pool: Arc<Pool>,
    moment: Moment,
}

impl AsOf {
    pub(super) fn new(pool: Arc<Pool>, moment: Moment) -> Self {
        AsOf { pool, moment }
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, Moment) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let moment = self.moment;
        self.pool.read(move |db| read(db, moment)).await
    }
}

#[async_trait]
impl Reads for AsOf {
    async fn list_seen(&self, device: IdentifierId, since: Timestamp, limit: usize) -> Result<Vec<Seen>> {
        self.read(move |db, moment| visits::list_seen(db, device, since, limit, Some(moment))).await
    }

    async fn customers(
        &self,
        keys: &[CustomerKey],
        shape: Shape,
        pages: FirstPages,
    ) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
        let keys = keys.to_vec();
        self.read(move |db, moment| people::fetch(db, &keys, shape, pages, moment)).await
    }

    async fn identifiers(&self, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>> {
        let keys = keys.to_vec();
        self.read(move |db, moment| people::identifiers(db, &keys, moment)).await
    }

    async fn touchpoints(&self, message_ids: &[Arc<str>]) -> Result<Vec<Option<Touchpoint>>> {
        let message_ids = message_ids.to_vec();
        self.read(move |db, moment| touchpoints::fetch(db, &message_ids, Some(moment))).await
    }

    async fn list_touchpoints(&self, of: &[Of], page: &TouchpointPage) -> Result<Vec<Page<Touchpoint>>> {
        let (of, page) = (of.to_vec(), page.clone());
        self.read(move |db, moment| touchpoints::list(db, &of, &page, Some(moment))).await
    }

    async fn count_touchpoints(&self, of: &[Of], filter: &TouchpointFilter) -> Result<Vec<i64>> {
        let (of, filter) = (of.to_vec(), filter.clone());
        self.read(move |db, moment| touchpoints::count(db, &of, &filter, Some(moment))).await
    }

    async fn orders(&self, keys: &[OrderKey]) -> Result<Vec<Option<Order>>> {
        let keys = keys.to_vec();
        self.read(move |db, moment| orders::fetch(db, &keys, Some(moment))).await
    }

    async fn list_orders(&self, of: &[Of], page: &OrderPage) -> Result<Vec<Page<Order>>> {
        let (of, page) = (of.to_vec(), page.clone());
        self.read(move |db, moment| orders::list(db, &of, &page, Some(moment))).await
    }

    async fn count_orders(&self, of: &[Of], since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Vec<i64>> {
        let of = of.to_vec();
        self.read(move |db, moment| orders::count(db, &of, since, until, Some(moment))).await
    }

    async fn devices(&self, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>> {
        let keys = keys.to_vec();
        self.read(move |db, moment| devices::fetch(db, &keys, moment)).await
    }

    async fn list_devices(&self, of: &[Of]) -> Result<Vec<Vec<Device>>> {
        let of = of.to_vec();
        self.read(move |db, moment| devices::list(db, &of, moment)).await
    }

    async fn list_links(&self, of: &[Of], page: &LinkPage) -> Result<Vec<Page<Link>>> {
        let (of, page) = (of.to_vec(), page.clone());
        self.read(move |db, moment| super::links::list(db, &of, &page, Some(moment))).await
    }

    async fn count_links(&self, of: &[Of], refused: Option<bool>) -> Result<Vec<i64>> {
        let of = of.to_vec();
        self.read(move |db, moment| links::count(db, &of, refused, moment)).await
    }

    async fn links(&self, keys: &[LinkKey]) -> Result<Vec<Option<Link>>> {
        let keys = keys.to_vec();
        self.read(move |db, moment| links::fetch(db, &keys, moment)).await
    }

    async fn products(&self, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>> {
        let skus = skus.to_vec();
        self.read(move |db, moment| products::fetch(db, &skus, moment)).await
    }

    async fn product_acts(&self, customers: &[CustomerId]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
        let customers = customers.to_vec();
        self.read(move |db, moment| super::products::acts_and_orders(db, &customers, Some(moment))).await
    }

    async fn list_identity_events(
        &self,
        customers: &[CustomerId],
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Vec<Page<IdentityEvent>>> {
        let customers = customers.to_vec();
        self.read(move |db, moment| identity_events::list(db, &customers, after, limit, Some(moment))).await
    }

    async fn count_identity_events(&self, customers: &[CustomerId]) -> Result<Vec<i64>> {
        let customers = customers.to_vec();
        self.read(move |db, moment| identity_events::count(db, &customers, Some(moment))).await
    }

    async fn identity_events(&self, arrivals: &[Arrival]) -> Result<Vec<Option<IdentityEvent>>> {
        let arrivals = arrivals.to_vec();
        self.read(move |db, moment| identity_events::fetch(db, &arrivals, Some(moment))).await
    }

    async fn kept_apart(&self, ids: &[IdentifierId]) -> Result<Vec<Vec<IdentifierId>>> {
        let ids = ids.to_vec();
        self.read(move |db, moment| decisions::kept_apart(db, &ids, Some(moment))).await
    }
}
