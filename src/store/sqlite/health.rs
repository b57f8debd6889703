//! Figures about who is who in the whole store.

use rusqlite::{Connection, params};

use super::row::{json, text};
use super::statement::statements;
use super::write::Births;
use crate::domain::customer::CustomerId;
use crate::domain::health::Health;
use crate::stitching::figures::Figures;
use crate::store::{Result, StoreError};

statements! {
    HEALTH = "health";
    PUT_HEALTH = "put_health";
    RESIZE_CUSTOMER = "resize_customer";
    LARGEST_CUSTOMERS = "largest_customers";
}

/// The figures as they stand.
pub(super) fn fetch(db: &Connection) -> Result<Health> {
    let health = HEALTH.on(db)?.first([], |row| json(row, 0))?;
    health.ok_or_else(|| StoreError::Data("the row of counters is missing".into()))
}

/// The customers with the most identifiers.
pub(super) fn largest(db: &Connection, limit: usize) -> Result<Vec<(CustomerId, i64)>> {
    let mut customers = Vec::new();
    let read = |row: &rusqlite::Row<'_>| Ok((CustomerId(text(row, 0)?), row.get(1)?));
    LARGEST_CUSTOMERS.on(db)?.all([limit as i64], &mut customers, read)?;
    Ok(customers)
}

/// Adds what a plan changes.
pub(super) fn record(db: &Connection, born: &Births<'_>, figures: &Figures) -> Result<()> {
    let mut resize = RESIZE_CUSTOMER.on(db)?;
    for (customer, count) in &figures.sizes {
        resize.execute(params![born.of(customer)?, count])?;
    }
    if !figures.health.is_nothing() {
        let mut health = fetch(db)?;
        health.add(&figures.health);
        PUT_HEALTH.on(db)?.execute([serde_json::to_string(&health)?])?;
    }
    Ok(())
}
