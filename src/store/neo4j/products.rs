//! Products, and acts about them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use neo4rs::Row;

use super::bolt::{Params, ToBolt, list_row, row};
use super::pages::{by_key_in, items, of_owners};
use super::rows::{OrderRow, ProductRow, column, product, strange};
use super::statement::statements;
use super::write::{Outcome, Writer};
use super::{Inner, memberships, touchpoints};
use crate::domain::customer::CustomerId;
use crate::domain::order::Order;
use crate::domain::product::{Product, ProductAct, ProductActed};
use crate::domain::{Arrival, Moment, Timestamp};
use crate::stitching::Plan;
use crate::store::query::Of;
use crate::store::{Result, StoreError};

statements! {
    INSERT = "products/insert";
    INSERT_ACTS = "product_acts/insert";
    PRODUCTS = "products/fetch";
    PRODUCTS_AS_OF = "products/fetch_as_of";
    ACTS = "product_acts/list" ("owners/part_of_customer" | "product_acts/part_list");
    ACTS_AS_OF = "product_acts/list_as_of" ("owners/part_as_of" | "product_acts/part_list_as_of");
}
list_row! {
    /// An act.
    struct ActRow {
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
struct Placed(i64, ProductActed);

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

pub(super) async fn fetch(store: &Inner, skus: &[Arc<str>], as_of: Option<Moment>) -> Result<Vec<Option<Product>>> {
    let (statement, params) = match as_of {
        None => (&PRODUCTS, Params::new()),
        Some(moment) => (&PRODUCTS_AS_OF, Params::new().with_moment(moment)),
    };
    by_key_in(store, statement, skus, |sku| sku.to_bolt(), params, |row| Ok(product(column(row, "item")?))).await
}

/// The acts and the orders of one customer.
type Acts = (Vec<ProductActed>, Vec<Order>);

/// The acts and the orders of each customer, both in order of time.
pub(super) async fn acts(store: &Inner, customers: &[CustomerId], as_of: Option<Moment>) -> Result<Vec<Acts>> {
    if let Some(moment) = as_of {
        return acts_as_of(store, customers, moment).await;
    }
    let mut answers = vec![(Vec::new(), Vec::new()); customers.len()];
    if customers.is_empty() {
        return Ok(answers);
    }
    for row in &store.connections.read(&ACTS, Params::new().with("of", customers)).await? {
        answers[column::<usize>(row, "n")?] = taken(row, None)?;
    }
    Ok(answers)
}

async fn acts_as_of(store: &Inner, customers: &[CustomerId], moment: Moment) -> Result<Vec<Acts>> {
    let of: Vec<Of> = customers.iter().cloned().map(Of::Customer).collect();
    let owners = memberships::owners(store, &of, moment).await?;
    let (params, none) = (Params::new(), (Vec::new(), Vec::new()));
    let take = |row: &Row| taken(row, Some(moment));
    let mut answers = of_owners(store, &ACTS_AS_OF, &owners, params, none, moment, take).await?;
    let (mut acts, mut orders) = (Vec::new(), Vec::new());
    for (own_acts, own_orders) in &mut answers {
        acts.extend(own_acts.iter_mut().map(|act: &mut ProductActed| &mut act.product));
        orders.extend(own_orders.iter_mut());
    }
    name_as_of(store, orders.into_iter(), acts, moment).await?;
    Ok(answers)
}

fn taken(row: &Row, as_of: Option<Moment>) -> Result<Acts> {
    let mut acts: Vec<Placed> = items::<ActRow<'_>, _>(row, "acts")?;
    acts.retain(|Placed(_, act)| as_of.is_none_or(|moment| moment.has(act.arrival)));
    acts.sort_by_key(|Placed(place, act)| (act.at, act.arrival, *place));
    let rows: Vec<OrderRow<'_>> = column(row, "orders")?;
    let mut orders: Vec<Order> = rows.into_iter().map(|row| row.order(as_of)).collect::<Result<_>>()?;
    orders.retain(|order| as_of.is_none() || order.placed.is_some());
    orders.sort_by_key(|order| order.placed.map(|placed| (placed.at, placed.arrival)));
    Ok((acts.into_iter().map(|Placed(_, act)| act).collect(), orders))
}

/// Sets the names of products, also of products in orders, and the owners of orders, as of a moment.
pub(super) async fn name_as_of<'o>(
    store: &Inner,
    orders: impl Iterator<Item = &'o mut Order>,
    others: impl IntoIterator<Item = &'o mut Product>,
    moment: Moment,
) -> Result<()> {
    let mut orders: Vec<&mut Order> = orders.collect();
    let mut others: Vec<&mut Product> = others.into_iter().collect();
    let of_orders = orders.iter().flat_map(|order| order.skus());
    let skus: BTreeSet<Arc<str>> = of_orders.chain(others.iter().map(|product| &product.sku)).cloned().collect();
    let skus: Vec<Arc<str>> = skus.into_iter().collect();
    let known: HashMap<Arc<str>, Product> =
        fetch(store, &skus, Some(moment)).await?.into_iter().flatten().map(|p| (p.sku.clone(), p)).collect();
    orders.iter_mut().for_each(|order| order.name_products(&known));
    let said = orders.iter().flat_map(|order| &order.events).map(|event| event.arrival);
    let owners = touchpoints::owners_as_of(store, said.collect(), moment).await?;
    for order in orders.iter_mut().filter(|_| !owners.is_empty()) {
        order.give_back(&owners);
    }
    for product in &mut others {
        if let Some(named) = known.get(&product.sku) {
            **product = named.clone();
        }
    }
    Ok(())
}

/// Writes products.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    let products = plan.products.iter().map(|p| row! { "sku" => p.sku, "name" => p.name, "category" => p.category });
    writer.rows(&INSERT, products.collect()).await
}

/// Writes acts about products.
pub(super) async fn write_acts(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    let acts = plan.product_acts.iter().enumerate().map(|(place, act)| {
        row! {
            "owner" => act.owner, "sku" => act.product.sku, "act" => act.act.as_str(), "at" => act.at,
            "quantity" => act.quantity, "arrival" => act.arrival, "place" => place,
        }
    });
    writer.rows(&INSERT_ACTS, acts.collect()).await
}
