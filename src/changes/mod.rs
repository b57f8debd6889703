//! The change log, followed: from any place on, through what is past into what happens now.
//!
//! A [`Reader`](feed::Reader) pulls: it takes from the [`Feed`](feed::Feed)'s window of the latest
//! changes when its place is in there, and reads the store when it is further back. So a reader who is
//! slow costs nobody anything, and joins without a gap and without reading anything twice, since a
//! place in the log is the same on both ways.

pub mod feed;
pub mod wanted;

use std::time::Duration;

use crate::domain::change::ChangePlace;
use crate::store::{Result, Store};

/// The last change of which everything can be seen: a commit may only be becoming visible.
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
