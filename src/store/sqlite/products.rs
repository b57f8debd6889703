//! Products, and acts about them.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::identifiers::Owners;
use super::orders;
use super::row::{arrival, optional_text, text, time, word};
use super::statement::{Prepared, statements};
use crate::domain::Moment;
use crate::domain::customer::CustomerId;
use crate::domain::order::Order;
use crate::domain::product::{Product, ProductAct, ProductActed};
use crate::store::Result;
use crate::store::as_of::end;
use crate::store::query::Of;

statements! {
    PRODUCT = "products/fetch";
    KEEP_PRODUCT = "products/insert_past";
    NAME_PRODUCT = "products/insert";
    INSERT_PRODUCT_ACT = "product_acts/insert";
    PRODUCT_ACTS_OF_IDENTIFIER = "product_acts/list";
    PRODUCT_ACTS_AS_OF = "product_acts/list_as_of";
    PRODUCT_AS_OF = "products/fetch_as_of";
    PRODUCT_PAST = "products/fetch_past";
}

/// Updates products. Fields that are not given stay as they are.
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

/// One product per sku, in the order of the skus, with its name now or at the moment.
pub(super) fn fetch(db: &Connection, skus: &[Arc<str>], as_of: Option<Moment>) -> Result<Vec<Option<Product>>> {
    let mut products = Products::new(db, as_of)?;
    skus.iter().map(|sku| products.find(sku)).collect()
}

/// Adds the products of `skus` that are stored to `known`.
pub(super) fn read<'s>(
    db: &Connection,
    skus: impl Iterator<Item = &'s Arc<str>>,
    as_of: Option<Moment>,
    known: &mut HashMap<Arc<str>, Product>,
) -> Result<()> {
    let mut products = Products::new(db, as_of)?;
    for sku in skus {
        if !known.contains_key(sku)
            && let Some(product) = products.find(sku)?
        {
            known.insert(sku.clone(), product);
        }
    }
    Ok(())
}

/// Finds products, with their names now or at a moment.
struct Products<'c> {
    now: Prepared<'c>,
    past: Option<(Prepared<'c>, Moment)>,
}

impl<'c> Products<'c> {
    fn new(db: &'c Connection, as_of: Option<Moment>) -> Result<Self> {
        Ok(match as_of {
            None => Products { now: PRODUCT.on(db)?, past: None },
            Some(moment) => Products { now: PRODUCT_AS_OF.on(db)?, past: Some((PRODUCT_PAST.on(db)?, moment)) },
        })
    }

    fn find(&mut self, sku: &str) -> Result<Option<Product>> {
        let Some((past, moment)) = &mut self.past else { return self.now.first([sku], decode) };
        let Some(now) = self.now.first(params![sku, moment.change], decode)? else { return Ok(None) };
        let before = past.first(params![sku, moment.change], decode)?;
        Ok(Some(before.unwrap_or(now)))
    }
}

/// The acts and the orders of each customer, both in order of time.
pub(super) fn acts_and_orders(
    db: &Connection,
    customers: &[CustomerId],
    as_of: Option<Moment>,
) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
    let mut owners = Owners::new(db, as_of)?;
    let mut statement = if as_of.is_none() { PRODUCT_ACTS_OF_IDENTIFIER.on(db)? } else { PRODUCT_ACTS_AS_OF.on(db)? };
    let mut answers = Vec::with_capacity(customers.len());
    for customer in customers {
        let owners = owners.of(&Of::Customer(customer.clone()))?;
        let mut acts = Vec::new();
        for owner in &owners {
            match as_of {
                None => statement.all([owner.0, end(None)], &mut acts, decode_act)?,
                Some(moment) => statement.all([owner.0, moment.end().0, moment.change], &mut acts, decode_act)?,
            }
        }
        // A stable sort: acts of one event keep their order.
        acts.sort_by_key(|act| (act.at, act.arrival));
        if as_of.is_some() {
            let mut products = Products::new(db, as_of)?;
            for act in &mut acts {
                if let Some(named) = products.find(&act.product.sku)? {
                    act.product = named;
                }
            }
        }
        answers.push((acts, orders::all_of(db, &owners, as_of)?));
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
