//! What hung on identifiers, in pages: touchpoints, orders, acts about products, identity histories.

use std::sync::LazyLock;

use super::super::bolt::{Params, ToBolt, list};
use super::super::identity_events::EventRow;
use super::super::orders::{self, ORDERS};
use super::super::pages::{empty, items, page};
use super::super::products::{ActRow, Placed};
use super::super::rows::{OrderRow, TouchpointRow, column};
use super::super::statement::{Statement, part, statement};
use super::super::touchpoints;
use super::super::write::order_text;
use super::AsOf;
use crate::domain::change::IdentityEvent;
use crate::domain::customer::CustomerId;
use crate::domain::order::{Order, OrderKey};
use crate::domain::page::Page;
use crate::domain::product::ProductActed;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Timestamp};
use crate::store::Result;
use crate::store::query::{OrderPage, TimeOrder, TouchpointFilter, TouchpointPage};

static TOUCHPOINTS_NEWEST: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("touchpoints/list_as_of", &[part!("owners/part_as_of"), part!("touchpoints/part_list_as_of")])
});
static TOUCHPOINTS_OLDEST: LazyLock<Statement> = LazyLock::new(|| {
    Statement::reversed("touchpoints/list_as_of", &[part!("owners/part_as_of"), part!("touchpoints/part_list_as_of")])
});
static COUNT_TOUCHPOINTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("touchpoints/count_as_of", &[part!("owners/part_as_of"), part!("touchpoints/part_count_as_of")])
});
static ORDERS_NEWEST: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("orders/list_as_of", &[part!("owners/part_as_of"), part!("orders/part_list_as_of")])
});
static COUNT_ORDERS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("orders/count_as_of", &[part!("owners/part_as_of"), part!("orders/part_count_as_of")])
});
static ACTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("product_acts/list_as_of", &[part!("owners/part_as_of"), part!("product_acts/part_list_as_of")])
});
static IDENTITY_EVENTS: Statement = statement!("identity_events/list_as_of");
static COUNT_IDENTITY_EVENTS: Statement = statement!("identity_events/count_as_of");

impl AsOf {
    pub(super) async fn touchpoint_pages(
        &self,
        owners: &[Vec<IdentifierId>],
        asked: &TouchpointPage,
    ) -> Result<Vec<Page<Touchpoint>>> {
        let statement = match asked.order {
            TimeOrder::NewestFirst => &TOUCHPOINTS_NEWEST,
            TimeOrder::OldestFirst => &TOUCHPOINTS_OLDEST,
        };
        let params = touchpoints::page_params(asked, Some(self.moment)).with("seq", self.moment.change);
        self.of_owners(statement, owners, params, empty(), |row| page::<TouchpointRow<'_>, _>(row, asked.limit)).await
    }

    pub(super) async fn touchpoint_counts(
        &self,
        owners: &[Vec<IdentifierId>],
        filter: &TouchpointFilter,
    ) -> Result<Vec<i64>> {
        let params = touchpoints::count_params(filter, Some(self.moment)).with("seq", self.moment.change);
        self.of_owners(&COUNT_TOUCHPOINTS, owners, params, 0, |row| column(row, "found")).await
    }

    pub(super) async fn orders_then(&self, keys: &[OrderKey]) -> Result<Vec<Option<Order>>> {
        let mut found = vec![None; keys.len()];
        if keys.is_empty() {
            return Ok(found);
        }
        let params = Params::new().with_list("keys", keys.iter().map(order_text));
        for row in &self.rows(&ORDERS, params).await? {
            let order = column::<OrderRow<'_>>(row, "item")?.order(Some(self.moment))?;
            found[column::<usize>(row, "n")?] = Some(order).filter(|order| order.placed.is_some());
        }
        self.name_products(found.iter_mut().flatten(), []).await?;
        Ok(found)
    }

    pub(super) async fn order_pages(
        &self,
        owners: &[Vec<IdentifierId>],
        asked: &OrderPage,
    ) -> Result<Vec<Page<Order>>> {
        let params = orders::page_params(asked, Some(self.moment)).with("seq", self.moment.change);
        let mut pages = self
            .of_owners(&ORDERS_NEWEST, owners, params, empty(), |row| {
                let rows: Vec<OrderRow<'_>> = column(row, "items")?;
                let orders: Vec<Order> =
                    rows.into_iter().map(|row| row.order(Some(self.moment))).collect::<Result<_>>()?;
                Ok(Page::cut(orders, asked.limit))
            })
            .await?;
        self.name_products(pages.iter_mut().flat_map(|page| &mut page.items), []).await?;
        Ok(pages)
    }

    pub(super) async fn order_counts(
        &self,
        owners: &[Vec<IdentifierId>],
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<i64>> {
        let params = orders::count_params(since, until, Some(self.moment)).with("seq", self.moment.change);
        self.of_owners(&COUNT_ORDERS, owners, params, 0, |row| column(row, "found")).await
    }

    /// The acts and the orders of each, both in order of time.
    pub(super) async fn acts(&self, owners: &[Vec<IdentifierId>]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
        let none = (Vec::new(), Vec::new());
        let mut answers = self
            .of_owners(&ACTS, owners, self.params(), none, |row| {
                let mut acts = items::<ActRow<'_>, Placed>(row, "acts")?;
                acts.retain(|Placed(_, act)| self.moment.has(act.arrival));
                acts.sort_by_key(|Placed(place, act)| (act.at, act.arrival, *place));
                let rows: Vec<OrderRow<'_>> = column(row, "orders")?;
                let mut orders: Vec<Order> =
                    rows.into_iter().map(|row| row.order(Some(self.moment))).collect::<Result<_>>()?;
                orders.retain(|order| order.placed.is_some());
                orders.sort_by_key(|order| order.placed.map(|placed| (placed.at, placed.arrival)));
                Ok((acts.into_iter().map(|Placed(_, act)| act).collect(), orders))
            })
            .await?;
        let (mut acts, mut orders) = (Vec::new(), Vec::new());
        for (own_acts, own_orders) in &mut answers {
            acts.extend(own_acts.iter_mut().map(|act: &mut ProductActed| &mut act.product));
            orders.extend(own_orders.iter_mut());
        }
        self.name_products(orders.into_iter(), acts).await?;
        Ok(answers)
    }

    pub(super) async fn identity_event_pages(
        &self,
        customers: &[CustomerId],
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Vec<Page<IdentityEvent>>> {
        let mut answers = vec![empty(); customers.len()];
        let params = self
            .with_histories(customers)
            .await?
            .with("after", after.map_or(-1, |arrival| arrival.0))
            .with("limit", limit.saturating_add(1));
        for row in &self.rows(&IDENTITY_EVENTS, params).await? {
            answers[column::<usize>(row, "n")?] = page::<EventRow<'_>, _>(row, limit)?;
        }
        Ok(answers)
    }

    pub(super) async fn identity_event_counts(&self, customers: &[CustomerId]) -> Result<Vec<i64>> {
        let mut answers = vec![0; customers.len()];
        let params = self.with_histories(customers).await?;
        for row in &self.rows(&COUNT_IDENTITY_EVENTS, params).await? {
            answers[column::<usize>(row, "n")?] = column(row, "found")?;
        }
        Ok(answers)
    }

    /// Whose histories are told together.
    async fn with_histories(&self, customers: &[CustomerId]) -> Result<Params> {
        let of = self.with_former(customers).await?;
        Ok(self.params().with_list("of", of.iter().map(|ids| list(ids).to_bolt())))
    }
}
