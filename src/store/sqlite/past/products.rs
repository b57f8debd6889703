//! Products, as they had been called.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::super::products::decode;
use super::super::statement::statements;
use crate::domain::Moment;
use crate::domain::product::Product;
use crate::store::Result;

statements! {
    PRODUCT_THEN = "products/fetch_as_of";
    PRODUCT_NAMED_THEN = "products/fetch_past";
}

/// One product per sku, in their order.
pub(super) fn fetch(db: &Connection, skus: &[Arc<str>], moment: Moment) -> Result<Vec<Option<Product>>> {
    skus.iter().map(|sku| product(db, sku, moment)).collect()
}

/// Adds the products of `skus` that were there to `known`.
pub(in super::super) fn read<'s>(
    db: &Connection,
    skus: impl Iterator<Item = &'s Arc<str>>,
    moment: Moment,
    known: &mut HashMap<Arc<str>, Product>,
) -> Result<()> {
    for sku in skus {
        if !known.contains_key(sku)
            && let Some(product) = product(db, sku, moment)?
        {
            known.insert(sku.clone(), product);
        }
    }
    Ok(())
}

/// Gives products the names they had.
pub(in super::super) fn rename<'p>(
    db: &Connection,
    products: impl Iterator<Item = &'p mut Product>,
    moment: Moment,
) -> Result<()> {
    for named in products {
        if let Some(then) = product(db, &named.sku, moment)? {
            *named = then;
        }
    }
    Ok(())
}

fn product(db: &Connection, sku: &str, moment: Moment) -> Result<Option<Product>> {
    let Some(now) = PRODUCT_THEN.on(db)?.first(params![sku, moment.change], decode)? else { return Ok(None) };
    let then = PRODUCT_NAMED_THEN.on(db)?.first(params![sku, moment.change], decode)?;
    Ok(Some(then.unwrap_or(now)))
}
