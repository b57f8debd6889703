//! Assigns visits on shared devices: a few at once, in the call that made it necessary, and the rest by
//! a server's background.
//!
//! What is to be assigned is noted in the store, and every piece is a transaction of its own, so it can be begun,
//! stopped or killed at any time, by several servers at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::pipeline::Ingest;
use super::writer::Writer;
use crate::domain::IdentifierId;
use crate::store::visits::VisitsAssigned;
use crate::store::{Result, StoreError};

/// About how many touchpoints are assigned in one change.
const PIECE: usize = 2_000;
/// The most; a device that is busy day and night is read in larger pieces, since each reads the day around it.
const LARGEST_PIECE: usize = 64_000;
/// How many pieces a caller who brought events waits for.
const AT_ONCE: usize = 8;
/// How often the store is asked what is noted.
const EVERY: Duration = Duration::from_secs(2);
/// How often the rules may be saved anew while one piece is assigned.
const MOST_RENEWALS: u32 = 20;

/// What was assigned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assigned {
    /// The change number after the last piece; `None` when there was none.
    pub change: Option<i64>,
    /// How many pieces.
    pub pieces: usize,
    /// How many touchpoints have another owner now.
    pub moved: usize,
    /// Whether nothing is left.
    pub done: bool,
}

impl Writer {
    /// Assigns what is noted, of these devices when there are some, until nothing is left, `most` pieces are
    /// done, or `stop` says so.
    ///
    /// # Errors
    /// Of the store; what was assigned until then stands.
    pub(crate) async fn assign_visits(
        &self,
        devices: &[IdentifierId],
        most: usize,
        stop: impl Fn() -> bool,
    ) -> Result<Assigned> {
        let mut assigned = Assigned::default();
        let mut size = PIECE;
        let mut renewals = 0;
        while assigned.pieces < most && !stop() {
            let rules = &self.rules.active().rules;
            match self.store.assign_visits(rules, devices, size, (self.clock)()).await {
                Ok(Some(VisitsAssigned { change, moved, read })) => {
                    assigned.change = Some(change);
                    assigned.pieces += 1;
                    assigned.moved += moved;
                    size = if read > 4 * size { (2 * size).min(LARGEST_PIECE) } else { size };
                }
                Ok(None) => {
                    assigned.done = true;
                    break;
                }
                Err(StoreError::RulesChanged(_)) if renewals < MOST_RENEWALS => {
                    renewals += 1;
                    self.rules.renew(&*self.store, &self.clock).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(assigned)
    }

    /// The same for a caller who brought something about these devices and wants to read what it did. The
    /// background does what this leaves, so no fault of it is one of the call's.
    pub(crate) async fn assign_own_visits(&self, devices: &[IdentifierId], change: i64) -> i64 {
        if devices.is_empty() {
            return change;
        }
        match self.assign_visits(devices, AT_ONCE, || false).await {
            Ok(assigned) => assigned.change.map_or(change, |assigned| assigned.max(change)),
            Err(error) => {
                tracing::debug!(%error, "visits on a shared device are assigned later");
                change
            }
        }
    }
}

/// A server's background, for as long as this lives.
pub struct VisitsKeeper {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl VisitsKeeper {
    /// Begins, once the store was set up.
    pub fn start(ingest: Arc<Ingest>) -> Self {
        let (stop, stopped) = watch::channel(false);
        VisitsKeeper { stop, task: tokio::spawn(keep(ingest, stopped)) }
    }

    /// Ends when the piece in hand is assigned.
    pub async fn close(self) {
        self.stop.send_replace(true);
        if self.task.await.is_err() {
            tracing::error!("the task that assigns visits ended with a fault");
        }
    }
}

async fn keep(ingest: Arc<Ingest>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => return,
        () = ingest.until_set_up() => {}
    }
    loop {
        let stopped = stop.clone();
        match ingest.assign_visits(move || *stopped.borrow()).await {
            Ok(Assigned { pieces: 0, .. }) => {}
            Ok(Assigned { pieces, moved, done, .. }) => {
                tracing::info!(pieces, moved, done, "visits on shared devices were assigned");
            }
            Err(error) => tracing::debug!(%error, "visits on shared devices could not be assigned"),
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
