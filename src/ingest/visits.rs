//! Assigns visits on shared devices: a few in the call that made this necessary, and the rest in a background task of a
//! server.
//!
//! The ranges to assign are recorded in the store, and every piece is a transaction of its own. So this can start, stop
//! or be killed at any time, on several servers at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::pipeline::Ingest;
use super::writer::Writer;
use crate::domain::IdentifierId;
use crate::store::visits::VisitsAssigned;
use crate::store::{Result, StoreError};

/// The number of touchpoints that are assigned in one change, about.
const PIECE: usize = 2_000;
/// The maximum. A device that is busy all day is read in larger pieces, since each piece also reads the day around it.
const LARGEST_PIECE: usize = 64_000;
/// The number of pieces that a call with events waits for.
const AT_ONCE: usize = 8;
/// The time between two reads of the recorded ranges.
const EVERY: Duration = Duration::from_secs(2);
/// How often newer rules may be saved while one piece is assigned.
const MOST_RENEWALS: u32 = 20;

/// What was assigned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assigned {
    /// The change number after the last piece; `None` when there was none.
    pub change: Option<i64>,
    /// How many pieces.
    pub pieces: usize,
    /// The number of touchpoints with a new owner.
    pub moved: usize,
    /// Whether nothing is left.
    pub done: bool,
}

impl Writer {
    /// Assigns the recorded ranges (only of `devices`, if given) until nothing is left, `most` pieces are done, or
    /// `stop` says so.
    ///
    /// # Errors
    /// Errors of the store. The visits assigned before this stay assigned.
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

    /// The same for a call with events of these devices, so that the caller can read the effect. The background task
    /// does the rest, so an error here is not an error of the call.
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

/// A server's background task. It ends when this is dropped.
pub struct VisitsKeeper {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl VisitsKeeper {
    /// Begins after the store was set up.
    pub fn start(ingest: Arc<Ingest>) -> Self {
        let (stop, stopped) = watch::channel(false);
        VisitsKeeper { stop, task: tokio::spawn(keep(ingest, stopped)) }
    }

    /// Ends after the present piece.
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
