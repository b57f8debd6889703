//! The reads of exports: scans by key.

use rusqlite::{Connection, params};

use super::row::{optional_text, text};
use super::statement::statements;
use super::touchpoints;
use crate::domain::customer::CustomerId;
use crate::domain::identifier::IdentifierKey;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::store::Result;
use crate::store::exports::Holding;

statements! {
    SCAN_CUSTOMERS = "customers/scan";
    HOLDING_AT = "identifiers/fetch_at";
}

/// A page of the customer ids that were issued up to a change.
pub(super) fn scan_customer_ids(
    db: &Connection,
    at: i64,
    after: Option<&CustomerId>,
    limit: usize,
) -> Result<Vec<CustomerId>> {
    let (after, end) = (after.map_or("", |id| &*id.0), Arrival::new(at + 1, 0).0);
    let mut page = Vec::new();
    SCAN_CUSTOMERS.on(db)?.all(params![after, end, limit as i64], &mut page, |row| Ok(CustomerId(text(row, 0)?)))?;
    Ok(page)
}

/// A page of touchpoints with their owners after a change.
pub(super) fn scan_history(db: &Connection, at: i64, after: Option<Arrival>, limit: usize) -> Result<Vec<Touchpoint>> {
    touchpoints::scan_all(db, Moment { change: at, at: Timestamp::default() }, after, limit)
}

/// The keys and the customers of identifiers after a change.
pub(super) fn holdings_at(db: &Connection, at: i64, ids: &[IdentifierId]) -> Result<Vec<Option<Holding>>> {
    let mut holding = HOLDING_AT.on(db)?;
    let mut read = |id: &IdentifierId| {
        holding.first([at, id.0], |row| {
            let key = IdentifierKey { kind: text(row, 0)?, value: text(row, 1)? };
            Ok(Holding { key, customer: optional_text(row, 2)?.map(CustomerId) })
        })
    };
    ids.iter().map(&mut read).collect()
}
