//! Checks the counter of change numbers against the change log.
//!
//! A write raises the counter and adds the change with this number in one transaction, so the two agree. In damaged
//! data they can differ. When the counter is lower than the log's last change, every write finds its number taken. When
//! it is higher, followers of the log wait for changes that never come.

use std::time::Duration;

use super::{Result, Store};

/// How often counter and log are compared. Commits of other writers become visible in parts, so one difference proves
/// nothing.
const LOOKS: u32 = 5;
/// The time between two comparisons.
const PAUSE: Duration = Duration::from_millis(100);

/// A counter and a log that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterFault {
    /// The value of the counter.
    pub counter: i64,
    /// The number of the last change in the log; 0 without changes.
    pub last: i64,
}

/// Compares counter and log. Writers may write at the same time.
///
/// # Errors
/// Of the store.
pub async fn look(store: &dyn Store) -> Result<Option<CounterFault>> {
    let mut fault = None;
    for _ in 0..LOOKS {
        let (counter, last) = store.counter_and_log().await?;
        if counter == last {
            return Ok(None);
        }
        fault = Some(CounterFault { counter, last });
        tokio::time::sleep(PAUSE).await;
    }
    Ok(fault)
}

impl CounterFault {
    /// What is wrong and how to repair it; `mending` is the statement of the [store](Store::mending_counter).
    pub fn words(self, mending: &str) -> String {
        let CounterFault { counter, last } = self;
        if counter < last {
            format!(
                "the counter of changes is at {counter} and the change log at {last}, so every write fails, since its \
                 number is taken: stop all writers, make a backup, and run on the database: {mending}"
            )
        } else {
            format!(
                "the counter of changes is at {counter} and the change log ends at {last}: changes are missing, and \
                 readers of the log wait for them: stop all writers, and bring back a backup"
            )
        }
    }
}
