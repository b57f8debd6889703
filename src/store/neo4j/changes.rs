//! The change log, and what a customer's id had become by a place of it.

use super::Inner;
use super::bolt::Params;
use super::rows::column;
use super::statement::{Statement, statement};
use crate::domain::Timestamp;
use crate::domain::change::{ChangePlace, ChangeRun};
use crate::domain::customer::CustomerId;
use crate::store::Result;
use crate::store::run::Gathering;

pub(super) static CHANGES: Statement = statement!("changes/list");
static BECAME: Statement = statement!("customers/list_became");

/// A run behind `after`, up to the first commit that is only becoming visible.
pub(super) async fn list(store: &Inner, after: ChangePlace, limit: usize) -> Result<ChangeRun> {
    let mut run = Gathering::new(after, limit);
    let params = Params::new().with("from", run.wants()).with("limit", limit);
    let rows = store.connections.read(&CHANGES, params).await?;
    let Some(row) = rows.first() else { return Ok(run.done()) };
    let writing: Vec<i64> = column(row, "writing")?;
    for (seq, at, entries) in column::<Vec<(i64, i64, Option<&str>)>>(row, "items")? {
        // A node of which not all properties are there yet is not there yet.
        let on_its_way = writing.contains(&seq) && store.met.is_alive(seq);
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

/// Follows the merges that were done by then and not undone.
pub(super) async fn became(store: &Inner, id: &CustomerId, seq: i64) -> Result<Vec<CustomerId>> {
    let params = Params::new().with("id", id).with("seq", seq);
    let rows = store.connections.read(&BECAME, params).await?;
    let way = rows.first().map(|row| column::<Vec<&str>>(row, "way")).transpose()?.unwrap_or_default();
    Ok(way.into_iter().map(|id| CustomerId(id.into())).collect())
}
