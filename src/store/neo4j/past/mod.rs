//! The store as of a moment.
//!
//! A moment never changes, so its parts are read one after the other, and no version is compared: who held
//! what ([`people`]), then what hung on those identifiers. What is only ever added is read as now, up to the
//! moment's end: touchpoints, orders (folded from what had been said), acts about products, identity
//! histories; who owned them then is told by `:PastOwner` where it changed. What changes in place is kept when
//! it is replaced (`:PastLink`, `:PastDevice`, `:PastProduct`), or is counted again.

mod devices;
mod histories;
mod links;
mod people;
mod products;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use neo4rs::Row;
use rustc_hash::FxHashMap;

use super::Inner;
use super::bolt::{Params, list};
use super::fault::again;
use super::rows::column;
use super::statement::{Statement, statement};
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
use crate::store::{Reads, Result, StoreError};

static MOMENT: Statement = statement!("changes/fetch_moment");
static WRITING: Statement = statement!("changes/list_commits");
static OWNERS_THEN: Statement = statement!("touchpoints/fetch_owner_as_of");

/// How often a commit that is becoming visible is looked at again, and after how long.
const LOOKS: u32 = 400;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// The last change that was committed by then. A change can be seen before all of its commit can: whoever
/// meets one that is on its way waits for it, since what a moment answers must never change.
pub(super) async fn moment(store: &Inner, at: Timestamp) -> Result<Option<Moment>> {
    let rows = store.connections.read(&MOMENT, Params::new().with("at", at)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let change: i64 = column(row, "seq")?;
    for _ in 0..LOOKS {
        let rows = store.connections.read(&WRITING, Params::new()).await?;
        let writing: Vec<i64> = rows.iter().map(|row| column(row, "seq")).collect::<Result<_>>()?;
        if !writing.into_iter().any(|seq| seq <= change && store.met.is_alive(seq)) {
            return Ok(Some(Moment { change, at }));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(StoreError::Busy("a change that was committed by then is still becoming visible".into()))
}

/// The store as it was at a moment.
pub(super) struct AsOf {
    store: Arc<Inner>,
    moment: Moment,
}

impl AsOf {
    pub(super) fn new(store: Arc<Inner>, moment: Moment) -> Self {
        AsOf { store, moment }
    }

    fn params(&self) -> Params {
        Params::new().with("seq", self.moment.change).with("end", self.moment.end())
    }

    async fn rows(&self, statement: &Statement, params: Params) -> Result<Vec<Row>> {
        // Boxed, since one read stands below another and the compiler counts how deep.
        Box::pin(self.store.connections.read(statement, params)).await
    }

    /// Who owned touchpoints then, of those whose owner changed since.
    async fn owners_then(
        &self,
        arrivals: impl Iterator<Item = Arrival> + Send,
    ) -> Result<FxHashMap<Arrival, IdentifierId>> {
        let arrivals: Vec<Arrival> = arrivals.collect();
        let mut owners = FxHashMap::default();
        if arrivals.is_empty() {
            return Ok(owners);
        }
        for row in &self.rows(&OWNERS_THEN, self.params().with("keys", arrivals)).await? {
            owners.insert(Arrival(column(row, "arrival")?), Arrival(column(row, "owner")?));
        }
        Ok(owners)
    }

    /// What a statement with the head `of_owners` answers for each list of identifiers.
    async fn of_owners<T: Clone>(
        &self,
        statement: &Statement,
        owners: &[Vec<IdentifierId>],
        params: Params,
        none: T,
        take: impl Fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut answers = vec![none; owners.len()];
        let params = params.with_list("of", owners.iter().map(list));
        for row in &self.rows(statement, params).await? {
            answers[column::<usize>(row, "n")?] = take(row)?;
        }
        Ok(answers)
    }
}

#[async_trait]
impl Reads for AsOf {
    async fn list_seen(&self, device: IdentifierId, since: Timestamp, limit: usize) -> Result<Vec<Seen>> {
        again(|| super::visits::list_seen(&self.store, device, since, limit, Some(self.moment))).await
    }

    async fn customers(
        &self,
        keys: &[CustomerKey],
        shape: Shape,
        pages: FirstPages,
    ) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
        again(|| self.views(keys, shape, pages)).await
    }

    async fn identifiers(&self, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>> {
        again(|| self.identifiers_then(keys)).await
    }

    async fn touchpoints(&self, message_ids: &[Arc<str>]) -> Result<Vec<Option<Touchpoint>>> {
        again(|| async move {
            let found = super::touchpoints::fetch(&self.store, message_ids).await?;
            let mut found: Vec<Option<Touchpoint>> =
                found.into_iter().map(|touchpoint| touchpoint.filter(|t| self.moment.has(t.arrival))).collect();
            let owners = self.owners_then(found.iter().flatten().map(|t| t.arrival)).await?;
            for touchpoint in found.iter_mut().flatten() {
                if let Some(owner) = owners.get(&touchpoint.arrival) {
                    touchpoint.give_back(*owner);
                }
            }
            Ok(found)
        })
        .await
    }

    async fn list_touchpoints(&self, of: &[Of], page: &TouchpointPage) -> Result<Vec<Page<Touchpoint>>> {
        again(|| async move { self.touchpoint_pages(&self.owners(of).await?, page).await }).await
    }

    async fn count_touchpoints(&self, of: &[Of], filter: &TouchpointFilter) -> Result<Vec<i64>> {
        again(|| async move { self.touchpoint_counts(&self.owners(of).await?, filter).await }).await
    }

    async fn orders(&self, keys: &[OrderKey]) -> Result<Vec<Option<Order>>> {
        again(|| self.orders_then(keys)).await
    }

    async fn list_orders(&self, of: &[Of], page: &OrderPage) -> Result<Vec<Page<Order>>> {
        again(|| async move { self.order_pages(&self.owners(of).await?, page).await }).await
    }

    async fn count_orders(&self, of: &[Of], since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Vec<i64>> {
        again(|| async move { self.order_counts(&self.owners(of).await?, since, until).await }).await
    }

    async fn devices(&self, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>> {
        again(|| self.devices_then(keys)).await
    }

    async fn list_devices(&self, of: &[Of]) -> Result<Vec<Vec<Device>>> {
        again(|| async move {
            {
                let own = |n: usize| matches!(of[n], Of::Identifier(_));
                self.devices_of(&self.owners(of).await?, own).await
            }
        })
        .await
    }

    async fn list_links(&self, of: &[Of], page: &LinkPage) -> Result<Vec<Page<Link>>> {
        again(|| async move { self.link_pages(&self.owners(of).await?, page).await }).await
    }

    async fn count_links(&self, of: &[Of], refused: Option<bool>) -> Result<Vec<i64>> {
        again(|| async move { self.link_counts(&self.owners(of).await?, refused).await }).await
    }

    async fn links(&self, keys: &[LinkKey]) -> Result<Vec<Option<Link>>> {
        again(|| self.links_then(keys)).await
    }

    async fn products(&self, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>> {
        again(|| self.products_then(skus)).await
    }

    async fn product_acts(&self, customers: &[CustomerId]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
        again(|| async move {
            let of: Vec<Of> = customers.iter().cloned().map(Of::Customer).collect();
            self.acts(&self.owners(&of).await?).await
        })
        .await
    }

    async fn list_identity_events(
        &self,
        customers: &[CustomerId],
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Vec<Page<IdentityEvent>>> {
        again(|| self.identity_event_pages(customers, after, limit)).await
    }

    async fn count_identity_events(&self, customers: &[CustomerId]) -> Result<Vec<i64>> {
        again(|| self.identity_event_counts(customers)).await
    }

    async fn identity_events(&self, arrivals: &[Arrival]) -> Result<Vec<Option<IdentityEvent>>> {
        again(|| async move {
            let found = super::identity_events::fetch(&self.store, arrivals).await?;
            Ok(found.into_iter().map(|event| event.filter(|e| self.moment.has(e.arrival))).collect())
        })
        .await
    }

    async fn kept_apart(&self, ids: &[IdentifierId]) -> Result<Vec<Vec<IdentifierId>>> {
        again(|| super::decisions::kept_apart(&self.store, ids, Some(self.moment))).await
    }
}
