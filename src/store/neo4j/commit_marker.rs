//! Commit markers: which customers a commit is about that is becoming visible right now.
//!
//! Neo4j makes a commit visible bit by bit. Before a batch commits, it writes a marker (`:Writing`) in a transaction of
//! its own, and deletes it when the commit is done. There is one such batch at most: the one that holds the counter. A
//! reader that finds no marker, at its beginning and at its end, and the same version twice, saw no commit in between.

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

/// A writer that takes longer to commit has died, and no reader waits for it.
const DEAD_AFTER: Duration = Duration::from_secs(10);

/// The commit markers that reads of this server found, and when each was found first.
#[derive(Default)]
pub(super) struct FoundMarkers(Mutex<BTreeMap<i64, Instant>>);

impl FoundMarkers {
    /// Whether the commit of a marker that a read found is still on its way, as far as one can tell.
    pub(super) fn is_alive(&self, seq: i64) -> bool {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *found.entry(seq).or_insert_with(Instant::now);
        if found.len() > 64 {
            found.pop_first();
        }
        since.elapsed() < DEAD_AFTER
    }
}

/// Writes the marker of a commit about these customers.
pub(super) async fn begin(store: &Inner, seq: i64, customers: &[&CustomerId]) -> Result<(), Fault> {
    let params = Params::new().with("seq", seq).with_list("customers", customers);
    store.connections.run_marker(&BEGIN, params).await
}

/// Deletes the marker. When that fails, the next batch does it.
pub(super) async fn end(store: &Inner, seq: i64) {
    if let Err(fault) = store.connections.run_marker(&END, Params::new().with("seq", seq)).await {
        tracing::debug!(seq, error = %fault.error, "a commit that ended is still said to be on its way");
    }
    // Not before: a reader of the change log waits for a commit that is said to be on its way.
    store.commits.send_modify(|count| *count += 1);
}
