//! Follows the change log, from any place on, through past changes to new ones.
//!
//! A [`ChangeReader`](feed::ChangeReader) pulls. When its place is in the [`Feed`](feed::Feed)'s window of the latest
//! changes, it reads from the window; when it is further back, it reads from the store. So a slow reader does not slow
//! down the others, and the switch from store to window has no gap and no duplicate, since a place in the log means
//! the same in both.

pub mod feed;
pub mod filter;

use std::time::Duration;

use crate::domain::change::ChangePlace;
use crate::store::{Result, Store};

/// The last change that is completely visible. It waits while a commit is partly visible.
///
/// # Errors
/// Of the store.
pub async fn last_visible(store: &dyn Store) -> Result<i64> {
    loop {
        let last = store.status().await?.change;
        if last == 0 {
            return Ok(0);
        }
        let run = store.changes(ChangePlace::behind(last - 1), 1).await?;
        if run.upto.seq >= last && !run.waits {
            return Ok(last);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
