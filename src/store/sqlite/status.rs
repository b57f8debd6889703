//! Figures of the whole store, and the end of the change log.

use rusqlite::{Connection, TransactionBehavior};

use super::row::time;
use super::statement::statements;
use crate::domain::{Moment, Timestamp};
use crate::store::{Result, StoreError, StoreStatus};

statements! {
    STATUS = "status/fetch";
    LAST_CHANGE = "changes/fetch_last";
    MOMENT = "changes/fetch_moment";
    COUNTER_AND_LOG = "changes/fetch_counter_and_log";
    MEND_COUNTER = "changes/update_counter_to_log";
    TRY_WRITE = "status/update_probe";
}

/// All figures, from the one row that holds them.
pub(super) fn fetch(db: &Connection) -> Result<StoreStatus> {
    let status = STATUS.on(db)?.first([], |row| {
        Ok(StoreStatus {
            customers: row.get(0)?,
            touchpoints: row.get(1)?,
            change: row.get(2)?,
            changed_at: time(row, 3)?,
        })
    })?;
    status.ok_or_else(no_counter)
}

/// The last change's number and time.
pub(super) fn last_change(db: &Connection) -> Result<(i64, Timestamp)> {
    LAST_CHANGE.on(db)?.first([], |row| Ok((row.get(0)?, time(row, 1)?)))?.ok_or_else(no_counter)
}

/// The value of the counter, and the last change in the log.
pub(super) fn counter_and_log(db: &Connection) -> Result<(i64, i64)> {
    COUNTER_AND_LOG.on(db)?.first([], |row| Ok((row.get(0)?, row.get(1)?)))?.ok_or_else(no_counter)
}

/// The statement that sets the counter to the last change in the log. People run it, no server does.
pub(super) fn mending_counter() -> String {
    MEND_COUNTER.sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ")
}

/// The last change that was committed by then.
pub(super) fn moment(db: &Connection, at: Timestamp) -> Result<Option<Moment>> {
    MOMENT.on(db)?.first([at.0], |row| Ok(Moment { change: row.get(0)?, at }))
}

/// Writes a row without changing it, to find out whether writes work.
pub(super) fn try_write(db: &mut Connection) -> Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    TRY_WRITE.on(&transaction)?.execute([])?;
    transaction.commit()?;
    Ok(())
}

fn no_counter() -> StoreError {
    StoreError::Data("the row of counters is missing".into())
}
