//! Figures about identities in the whole store.

use rusqlite::{Connection, params};

use super::row::{json, text};
use super::statement::statements;
use super::write::Births;
use crate::domain::customer::CustomerId;
use crate::domain::health::Health;
use crate::stitching::figures::Figures;
use crate::store::{Result, StoreError};

statements! {
    HEALTH = "health/fetch";
    PUT_HEALTH = "health/update";
    RESIZE_CUSTOMER = "customers/update_size";
    LARGEST_CUSTOMERS = "customers/list_largest";
}

/// The present figures.
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

/// Adds the changes of a plan.
pub(super) fn record(db: &Connection, born: &Births<'_>, figures: &Figures) -> Result<()> {
    let mut resize = RESIZE_CUSTOMER.on(db)?;
    for (customer, count) in &figures.sizes {
        resize.execute(params![born.of(customer)?, count])?;
    }
    match figures.health.is_nothing() {
        true => Ok(()),
        false => add(db, &figures.health),
    }
}

/// Adds figures.
pub(super) fn add(db: &Connection, figures: &Health) -> Result<()> {
    let kept = fetch(db)?;
    let mut health = kept.clone();
    health.add(figures);
    // Most plans have no new names.
    if health != kept {
        PUT_HEALTH.on(db)?.execute([serde_json::to_string(&health)?])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::set_up;
    use super::*;
    use crate::domain::health::Names;

    #[test]
    fn the_figures_of_an_older_file_are_counted_once() {
        let mut db = Connection::open_in_memory().expect("a database in memory");
        db.execute_batch(include_str!("schema.sql")).expect("version 1");
        db.execute_batch(
            "INSERT INTO customer (born, id, version, first_seen_at, last_seen_at, order_count, channels, survivor)
             VALUES (1, 'a', 1, 0, 0, 0, '[]', NULL), (2, 'b', 1, 0, 0, 0, '[]', NULL), (3, 'c', 1, 0, 0, 0, '[]', 1);
             INSERT INTO identifier (id, kind, value, first_seen_at, last_seen_at, customer, rollup)
             VALUES (1, 'k', '1', 0, 0, 1, '{}'), (2, 'k', '2', 0, 0, 1, '{}'), (3, 'k', '3', 0, 0, 2, '{}'),
                    (4, 'k', '4', 0, 0, NULL, '{}');
             INSERT INTO identity_event (arrival, customer, at, kind, rule, identifiers, others)
             VALUES (1, 1, 0, 'REFUSED', 'k', '[]', '[]'), (2, 2, 0, 'REFUSED', 'k', '[]', '[]'),
                    (3, 1, 0, 'MERGED', 'k', '[]', '[]');
             INSERT INTO touchpoint (arrival, message_id, at, owner, kind, name, channel, direction, source)
             VALUES (1, 'm', 0, 1, 'other', 'Faxed', 'fax', 'INBOUND', 's');
             PRAGMA application_id = 1953002092;
             PRAGMA user_version = 1;",
        )
        .expect("some people");
        set_up::set_up(&mut db).expect("the present version");
        let health = Health {
            identifiers: 4,
            sizes: BTreeMap::from([(1, 1), (2, 1)]),
            merges: 1,
            refused: BTreeMap::from([("k".into(), 2)]),
            names: Some(Names { kinds: BTreeSet::from(["k".into()]), channels: BTreeSet::from(["fax".into()]) }),
            ..Health::default()
        };
        assert_eq!(fetch(&db).expect("figures"), health);
        let largest = largest(&db, 10).expect("customers");
        assert_eq!(largest, [(CustomerId("a".into()), 2), (CustomerId("b".into()), 1)]);
    }
}
