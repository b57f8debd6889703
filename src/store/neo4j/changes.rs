//! The change log, and the customer that an id stood for at a place of the log.

use std::time::Duration;

use super::Inner;
use super::bolt::Params;
use super::rows::column;
use super::statement::statements;
use super::write::{Outcome, Writer, text};
use crate::domain::change::{ChangePlace, ChangeRun};
use crate::domain::customer::CustomerId;
use crate::domain::{Moment, Timestamp};
use crate::stitching::Plan;
use crate::store::run::RunBuilder;
use crate::store::{Result, StoreError};

statements! {
    INSERT = "changes/insert";
    pub(super) CHANGES = "changes/list";
    BECAME = "customers/list_became";
    MOMENT = "changes/fetch_moment";
    COMMITS = "changes/list_commits";
}

/// A run after `after`, up to the first commit that is not completely visible.
pub(super) async fn list(store: &Inner, after: ChangePlace, limit: usize) -> Result<ChangeRun> {
    let mut run = RunBuilder::new(after, limit);
    let params = Params::new().with("from", run.wants()).with("limit", limit);
    let rows = store.connections.read(&CHANGES, params).await?;
    let Some(row) = rows.first() else { return Ok(run.done()) };
    let writing: Vec<i64> = column(row, "writing")?;
    for (seq, at, entries) in column::<Vec<(i64, i64, Option<&str>)>>(row, "items")? {
        // A node is visible only when all its properties are visible.
        let on_its_way = writing.contains(&seq) && store.markers.is_alive(seq);
        let Some(entries) = entries.filter(|_| !on_its_way) else {
            run.wait();
            break;
        };
        if !run.add(seq, Timestamp(at), entries)? {
            break;
        }
    }
    Ok(run.done())
}

/// Follows the merges that were in force at that change.
pub(super) async fn became(store: &Inner, id: &CustomerId, seq: i64) -> Result<Vec<CustomerId>> {
    let params = Params::new().with("id", id).with("seq", seq);
    let rows = store.connections.read(&BECAME, params).await?;
    let way = rows.first().map(|row| column::<Vec<&str>>(row, "way")).transpose()?.unwrap_or_default();
    Ok(way.into_iter().map(|id| CustomerId(id.into())).collect())
}

/// The commits that are not completely visible yet.
pub(super) async fn on_their_way(store: &Inner) -> Result<Vec<i64>> {
    let rows = store.connections.read(&COMMITS, Params::new()).await?;
    let writing: Vec<i64> = rows.iter().map(|row| column(row, "seq")).collect::<Result<_>>()?;
    Ok(writing.into_iter().filter(|seq| store.markers.is_alive(*seq)).collect())
}

/// How often a partly visible commit is read again, and the time between two reads.
const LOOKS: u32 = 400;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// The last change that was committed by then. A change can be visible before the rest of its commit. So this waits for
/// a partly visible commit, since the answers of a moment must never change.
pub(super) async fn moment(store: &Inner, at: Timestamp) -> Result<Option<Moment>> {
    let rows = store.connections.read(&MOMENT, Params::new().with("at", at)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let change: i64 = column(row, "seq")?;
    for _ in 0..LOOKS {
        if !on_their_way(store).await?.into_iter().any(|seq| seq <= change) {
            return Ok(Some(Moment { change, at }));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(StoreError::Busy("a change that was committed by then is still becoming visible".into()))
}

/// Writes the change, and updates the counter node. `health` has all figures when any of these changed.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan, health: Option<String>) -> Outcome<()> {
    let params = Params::new()
        .with("seq", plan.seq)
        .with("at", plan.at)
        .with("entries", text(&plan.entries)?)
        .with("size", plan.entries.len())
        .with("health", health)
        .with("customers", plan.customers_delta)
        .with("decisions", plan.decisions.len())
        .with("touchpoints", plan.touchpoints.len());
    writer.transaction.write(&INSERT, params).await
}
