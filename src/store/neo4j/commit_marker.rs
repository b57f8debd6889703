//! Commit markers: the customers of a commit that is not completely visible yet.
//!
//! Neo4j makes a commit visible in parts. Before a batch commits, it writes a marker (`:Writing`) in a transaction of
//! its own, and deletes the marker after the commit. At most one batch does this at a time: the batch that holds the
//! counter. A reader saw no part of a commit when it finds no marker at its beginning and at its end, and the same
//! version both times.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Inner;
use super::bolt::Params;
use super::fault::Fault;
use super::statement::statements;
use crate::domain::customer::CustomerId;

statements! {
    BEGIN = "changes/insert_commit";
    END = "changes/delete_commit";
}

/// A writer that takes longer for its commit has died, and readers do not wait for it.
const DEAD_AFTER: Duration = Duration::from_secs(10);

/// The commit markers that reads of this server found, each with the time when it was first found.
#[derive(Default)]
pub(super) struct FoundMarkers(Mutex<BTreeMap<i64, Instant>>);

impl FoundMarkers {
    /// Whether the commit of a marker is probably not complete.
    pub(super) fn is_alive(&self, seq: i64) -> bool {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *found.entry(seq).or_insert_with(Instant::now);
        if found.len() > 64 {
            found.pop_first();
        }
        since.elapsed() < DEAD_AFTER
    }
}

/// Writes the marker of a commit with these customers.
pub(super) async fn begin(store: &Inner, seq: i64, customers: &[&CustomerId]) -> Result<(), Fault> {
    let params = Params::new().with("seq", seq).with_list("customers", customers);
    store.connections.run_marker(&BEGIN, params).await
}

/// Deletes the marker. When that fails, the next batch does it.
pub(super) async fn end(store: &Inner, seq: i64) {
    if let Err(fault) = store.connections.run_marker(&END, Params::new().with("seq", seq)).await {
        tracing::debug!(seq, error = %fault.error, "a commit that ended is still said to be on its way");
    }
    // Not earlier: a reader of the change log waits for a commit with a marker.
    store.commits.send_modify(|count| *count += 1);
}
