//! The change log, and the customer that an id stood for at a place of the log.

use rusqlite::{Connection, params};

use super::row::{optional_text, str, time};
use super::statement::statements;
use crate::domain::change::{ChangePlace, ChangeRun};
use crate::domain::customer::CustomerId;
use crate::store::Result;
use crate::store::run::RunBuilder;

statements! {
    CHANGES = "changes/list";
    CUSTOMER_MERGE = "customers/fetch_merge";
}

/// A run after `after`.
pub(super) fn list(db: &Connection, after: ChangePlace, limit: usize) -> Result<ChangeRun> {
    let mut run = RunBuilder::new(after, limit);
    let mut statement = CHANGES.on(db)?;
    let mut rows = statement.query([run.wants()])?;
    while let Some(row) = rows.next()? {
        if !run.add(row.get(0)?, time(row, 1)?, str(row, 2)?)? {
            break;
        }
    }
    Ok(run.done())
}

/// Follows the merges that were in force at that change.
pub(super) fn became(db: &Connection, mut id: CustomerId, seq: i64) -> Result<Vec<CustomerId>> {
    let mut statement = CUSTOMER_MERGE.on(db)?;
    let mut way = Vec::new();
    while let Some(into) = statement.first(params![&*id.0, seq], |row| optional_text(row, 0))? {
        way.push(id);
        let Some(into) = into else { break };
        id = CustomerId(into);
    }
    Ok(way)
}
