//! The change log, and who a customer's id stood for at a place of it.

use rusqlite::Connection;

use super::row::{str, time};
use super::statement::statements;
use crate::domain::change::{ChangePlace, ChangeRun};
use crate::domain::customer::CustomerId;
use crate::store::Result;
use crate::store::run::Gathering;

statements! {
    CHANGES = "changes";
    CUSTOMER_MERGE = "customer_merge";
}

/// A run behind `after`.
pub(super) fn list(db: &Connection, after: ChangePlace, limit: usize) -> Result<ChangeRun> {
    let mut run = Gathering::new(after, limit);
    let mut statement = CHANGES.on(db)?;
    let mut rows = statement.query([run.wants()])?;
    while let Some(row) = rows.next()? {
        if !run.add(row.get(0)?, time(row, 1)?, str(row, 2)?)? {
            break;
        }
    }
    Ok(run.done())
}

/// Follows the merges that were done by then.
pub(super) fn customer_at(db: &Connection, id: CustomerId, seq: i64) -> Result<Option<CustomerId>> {
    let mut statement = CUSTOMER_MERGE.on(db)?;
    let mut found = None;
    let mut id = id;
    while let Some(merge) = statement.first([&*id.0], |row| Ok((row.get::<_, Option<String>>(0)?, row.get(1)?)))? {
        found = Some(id.clone());
        let (Some(into), Some(merged_seq)): (_, Option<i64>) = merge else { break };
        if merged_seq > seq {
            break;
        }
        id = CustomerId(into.into());
    }
    Ok(found)
}
