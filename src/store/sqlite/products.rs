//! Products, and what people did about them.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::identifiers::Owners;
use super::orders;
use super::past::{self, end};
use super::row::{arrival, optional_text, text, time, word};
use super::statement::statements;
use crate::domain::Moment;
use crate::domain::customer::CustomerId;
use crate::domain::order::Order;
use crate::domain::product::{Product, ProductAct, ProductActed};
use crate::store::Result;
use crate::store::query::Of;

statements! {
    PRODUCT = "products/fetch";
    KEEP_PRODUCT = "products/insert_past";
    NAME_PRODUCT = "products/insert";
    INSERT_PRODUCT_ACT = "product_acts/insert";
    PRODUCT_ACTS_OF_IDENTIFIER = "product_acts/list";
    PRODUCT_ACTS_OF_IDENTIFIER_THEN = "product_acts/list_as_of";
}

/// Takes over what is said of products; what is not said stays.
pub(super) fn name(db: &Connection, products: &[Product], seq: i64) -> Result<()> {
    let mut keep = KEEP_PRODUCT.on(db)?;
    let mut statement = NAME_PRODUCT.on(db)?;
    for p in products {
        keep.execute(params![&*p.sku, p.name.as_deref(), p.category.as_deref(), seq])?;
        statement.execute(params![&*p.sku, p.name.as_deref(), p.category.as_deref(), seq])?;
    }
    Ok(())
}

/// Writes new acts.
pub(super) fn insert_acts(db: &Connection, acts: &[ProductActed]) -> Result<()> {
    let mut statement = INSERT_PRODUCT_ACT.on(db)?;
    for act in acts {
        statement.execute(params![
            act.owner.0,
            act.at.0,
            act.arrival.0,
            act.act.as_str(),
            &*act.product.sku,
            act.quantity
        ])?;
    }
    Ok(())
}

/// One product per sku, in their order.
pub(super) fn fetch(db: &Connection, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>> {
    let mut statement = PRODUCT.on(db)?;
    skus.iter().map(|sku| statement.first([&**sku], decode)).collect()
}

/// Adds the products of `skus` that are stored to `known`.
pub(super) fn read<'s>(
    db: &Connection,
    skus: impl Iterator<Item = &'s Arc<str>>,
    known: &mut HashMap<Arc<str>, Product>,
) -> Result<()> {
    let mut statement = PRODUCT.on(db)?;
    for sku in skus {
        if !known.contains_key(sku)
            && let Some(product) = statement.first([&**sku], decode)?
        {
            known.insert(sku.clone(), product);
        }
    }
    Ok(())
}

/// The acts and the orders of each customer, both in order of time.
pub(super) fn acts_and_orders(
    db: &Connection,
    customers: &[CustomerId],
    when: Option<Moment>,
) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
    let mut owners = Owners::new(db, when)?;
    let mut statement =
        if when.is_none() { PRODUCT_ACTS_OF_IDENTIFIER.on(db)? } else { PRODUCT_ACTS_OF_IDENTIFIER_THEN.on(db)? };
    let mut answers = Vec::with_capacity(customers.len());
    for customer in customers {
        let owners = owners.of(&Of::Customer(customer.clone()))?;
        let mut acts = Vec::new();
        for owner in &owners {
            match when {
                None => statement.all([owner.0, end(None)], &mut acts, decode_act)?,
                Some(moment) => statement.all([owner.0, moment.end().0, moment.change], &mut acts, decode_act)?,
            }
        }
        // Stable: acts of one event stand as it named them.
        acts.sort_by_key(|act| (act.at, act.arrival));
        if let Some(moment) = when {
            past::products::rename(db, acts.iter_mut().map(|act| &mut act.product), moment)?;
        }
        answers.push((acts, orders::all_of(db, &owners, when)?));
    }
    Ok(answers)
}

/// `sku, name, category`.
pub(super) fn decode(row: &Row<'_>) -> Result<Product> {
    Ok(Product { sku: text(row, 0)?, name: optional_text(row, 1)?, category: optional_text(row, 2)? })
}

/// A product, then `owner, act, quantity, at, arrival`.
fn decode_act(row: &Row<'_>) -> Result<ProductActed> {
    Ok(ProductActed {
        product: decode(row)?,
        owner: arrival(row, 3)?,
        act: word(row, 4, ProductAct::parse)?,
        quantity: row.get(5)?,
        at: time(row, 6)?,
        arrival: arrival(row, 7)?,
    })
}
