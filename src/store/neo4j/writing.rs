//! Which customers a commit is about that is becoming visible right now.
//!
//! Neo4j makes a commit visible bit by bit. Before a batch commits, it says so in a transaction of its
//! own, and takes it back when the commit is done. There is one such batch at most: whoever holds the
//! counter. A reader who meets none, at its beginning and at its end, and the same version twice, saw
//! no commit in between.

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

/// A writer that takes longer to commit has died, and nobody waits for it.
const DEAD_AFTER: Duration = Duration::from_secs(10);

/// When this server first met each commit that was on its way.
#[derive(Default)]
pub(super) struct Met(Mutex<BTreeMap<i64, Instant>>);

impl Met {
    /// Whether a commit that a read met is still on its way, as far as one can tell.
    pub(super) fn is_alive(&self, seq: i64) -> bool {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *met.entry(seq).or_insert_with(Instant::now);
        if met.len() > 64 {
            met.pop_first();
        }
        since.elapsed() < DEAD_AFTER
    }
}

/// Says that a commit about these customers begins.
pub(super) async fn begin(store: &Inner, seq: i64, customers: &[&CustomerId]) -> Result<(), Fault> {
    let params = Params::new().with("seq", seq).with_list("customers", customers);
    store.connections.run_aside(&BEGIN, params).await
}

/// Says that it ended. When that fails, the next batch says it too.
pub(super) async fn end(store: &Inner, seq: i64) {
    if let Err(fault) = store.connections.run_aside(&END, Params::new().with("seq", seq)).await {
        tracing::debug!(seq, error = %fault.error, "a commit that ended is still said to be on its way");
    }
    // Not before: a reader of the change log waits for a commit that is said to be on its way.
    store.commits.send_modify(|count| *count += 1);
}
