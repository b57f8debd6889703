//! The counter that change numbers come from, proved against the change log.
//!
//! A write raises it together with the change that has the number, so the two agree. In data that was damaged
//! the counter can be lower than the log's last change, and then every write finds its number taken; or higher,
//! and then whoever follows the log waits for changes that never come.

use std::time::Duration;

use super::{Result, Store};

/// How often it is looked at: the commits of others become visible bit by bit.
const LOOKS: u32 = 5;
/// How long between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A counter and a log that do not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterFault {
    /// Where the counter stands.
    pub counter: i64,
    /// The last change in the log; 0 without any.
    pub last: i64,
}

/// Looks whether counter and log agree. Writers may go on meanwhile.
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
    /// What is wrong and what to do about it; `mending` is the store's [own](Store::mending_counter).
    pub fn words(self, mending: &str) -> String {
        let CounterFault { counter, last } = self;
        if counter < last {
            format!(
                "the counter of changes is at {counter} and the change log at {last}, so every write fails, since its \
                 number is taken: stop whoever writes, make a backup, and run on the database: {mending}"
            )
        } else {
            format!(
                "the counter of changes is at {counter} and the change log ends at {last}: changes are missing, and \
                 whoever follows the log waits for them: stop whoever writes, and bring back a backup"
            )
        }
    }
}
