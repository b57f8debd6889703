//! Products, and what customers did about them.

use std::sync::{Arc, LazyLock};

use super::Inner;
use super::bolt::{Params, ToBolt, list_row};
use super::pages::{by_key, items};
use super::rows::{OrderRow, ProductRow, column, product, strange};
use super::statement::{Statement, part, statement};
use crate::domain::customer::CustomerId;
use crate::domain::order::Order;
use crate::domain::product::{Product, ProductAct, ProductActed};
use crate::domain::{Arrival, Timestamp};
use crate::store::{Result, StoreError};

static PRODUCTS: Statement = statement!("products/fetch");
static ACTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("product_acts/list", &[part!("owners/part_of_customer"), part!("product_acts/part_list")])
});

list_row! {
    /// An act.
    pub(super) struct ActRow {
        owner: i64,
        product: ProductRow<'de>,
        act: &'de str,
        quantity: Option<i64>,
        at: i64,
        arrival: i64,
        place: i64,
    }
}

/// An act and its place among those of its batch.
pub(super) struct Placed(pub(super) i64, pub(super) ProductActed);

impl TryFrom<ActRow<'_>> for Placed {
    type Error = StoreError;
    fn try_from(row: ActRow<'_>) -> Result<Self> {
        let acted = ProductActed {
            owner: Arrival(row.owner),
            product: product(row.product),
            act: ProductAct::parse(row.act).ok_or_else(|| strange("an act about a product"))?,
            quantity: row.quantity,
            at: Timestamp(row.at),
            arrival: Arrival(row.arrival),
        };
        Ok(Placed(row.place, acted))
    }
}

pub(super) async fn fetch(store: &Inner, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>> {
    by_key(store, &PRODUCTS, skus, |sku| sku.to_bolt(), |row| Ok(product(column(row, "item")?))).await
}

pub(super) async fn acts(store: &Inner, customers: &[CustomerId]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
    let mut answers = vec![(Vec::new(), Vec::new()); customers.len()];
    if customers.is_empty() {
        return Ok(answers);
    }
    for row in &store.connections.read(&ACTS, Params::new().with("of", customers)).await? {
        let mut acts: Vec<Placed> = items::<ActRow<'_>, _>(row, "acts")?;
        acts.sort_by_key(|Placed(place, act)| (act.at, act.arrival, *place));
        let mut orders: Vec<Order> = items::<OrderRow<'_>, _>(row, "orders")?;
        orders.sort_by_key(|order| order.placed.map(|placed| (placed.at, placed.arrival)));
        answers[column::<usize>(row, "n")?] = (acts.into_iter().map(|Placed(_, act)| act).collect(), orders);
    }
    Ok(answers)
}
