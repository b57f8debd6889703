//! Figures of the whole store and of its connections.

use std::sync::atomic::Ordering;

use super::Inner;
use super::bolt::Params;
use super::connections::WRITERS;
use super::rows::column;
use super::statement::statements;
use crate::domain::Timestamp;
use crate::store::{Result, StoreError, StoreStatus};

statements! {
    STATUS = "status/fetch";
    pub(super) COUNTER_AND_LOG = "changes/fetch_counter_and_log";
    MEND_COUNTER = "changes/update_counter_to_log";
}

pub(super) async fn fetch(store: &Inner) -> Result<StoreStatus> {
    let rows = store.connections.read(&STATUS, Params::new()).await?;
    let row = rows.first().ok_or_else(no_counter)?;
    Ok(StoreStatus {
        customers: column(row, "customers")?,
        touchpoints: column(row, "touchpoints")?,
        change: column(row, "seq")?,
        changed_at: Timestamp(column(row, "at")?),
    })
}

/// The value of the counter, and the last change in the log.
pub(super) async fn counter_and_log(store: &Inner) -> Result<(i64, i64)> {
    let rows = store.connections.read(&COUNTER_AND_LOG, Params::new()).await?;
    let row = rows.first().ok_or_else(no_counter)?;
    Ok((column(row, "counter")?, column(row, "last")?))
}

fn no_counter() -> StoreError {
    StoreError::Setup("the store was not set up: the counter is missing".into())
}

/// The statement that sets the counter to the last change in the log. People run it, no server does.
pub(super) fn mending_counter() -> String {
    MEND_COUNTER.text().lines().collect::<Vec<_>>().join(" ")
}

pub(super) fn gauges(store: &Inner) -> Vec<(&'static str, f64)> {
    let connections = &store.connections;
    vec![
        ("readers", connections.options.pool_size as f64),
        ("readers_busy", connections.reading.load(Ordering::Relaxed) as f64),
        ("writers", WRITERS as f64),
        ("writers_busy", connections.writing.load(Ordering::Relaxed) as f64),
    ]
}
