//! The task that keeps the projection in sync with the store: reads it from disk or from the store, follows the change
//! log, folds the delta in, and saves.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::build::{self, BuildError, BuildOptions};
use super::disk::{self, Header};
use super::low_priority::run_low_priority;
use super::{Phase, Shared, Snapshot, follow};
use crate::domain::Timestamp;
use crate::journeys::Projection;
use crate::store::{Result, StoreError};

/// How often the task polls for the commits of other processes, while no question waits.
const POLL: Duration = Duration::from_secs(1);
/// How long the task lets changes accumulate, while no question waits.
const ACCUMULATE: Duration = Duration::from_millis(250);
/// How soon the task polls again after a partly visible commit.
const VISIBILITY_POLL: Duration = Duration::from_millis(20);
/// How long to wait between two attempts while the store is away; doubles up to the maximum.
const MIN_RETRY_WAIT: Duration = Duration::from_millis(100);
const MAX_RETRY_WAIT: Duration = Duration::from_secs(5);
/// A delta with more entries than this is folded in, for any size of the base.
const MAX_DELTA: u64 = 250_000;

/// Runs until it is stopped, then saves.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let mut task = SyncTask {
        shared: shared.clone(),
        snapshot: None,
        saved: 0,
        saved_at: Instant::now(),
        folding: None,
        rebuilding: None,
    };
    // A task that gives up keeps the phase with its reason until it is stopped.
    let work = async {
        task.work().await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = work => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    shared.state.send_modify(|state| state.phase = Phase::Ended);
    // A person may have been erased since the last read of the log, and must not be saved.
    match task.apply_all().await {
        Ok(_) => task.save().await,
        Err(_) => tracing::warn!("journeys were not saved: the store does not answer"),
    }
}

struct SyncTask {
    shared: Arc<Shared>,
    snapshot: Option<Snapshot>,
    /// The change of the saved projection.
    saved: i64,
    saved_at: Instant,
    /// The delta is being folded in, on another thread.
    folding: Option<JoinHandle<Option<Snapshot>>>,
    /// A person was erased, and the projection is built again: the present one still holds the person's names and values.
    /// It is not saved.
    rebuilding: Option<JoinHandle<std::result::Result<Snapshot, BuildError>>>,
}

impl SyncTask {
    async fn work(&mut self) {
        self.shared.store.until_set_up().await;
        let mut wait = MIN_RETRY_WAIT;
        loop {
            match self.follow().await {
                Ok(()) => return,
                Err(BuildError::TooLarge { bytes, touchpoints }) => {
                    // The memory is freed. Another attempt needs other settings.
                    self.snapshot = None;
                    self.shared.state.send_modify(|state| {
                        (state.phase, state.snapshot) = (Phase::TooLarge { bytes, touchpoints }, None);
                    });
                    let error = self.shared.state.borrow().error(&self.shared.options);
                    tracing::error!(hint = error.hint().unwrap_or_default(), "{error}");
                    return;
                }
                Err(BuildError::Store(error)) if error.is_transient() || wait < MAX_RETRY_WAIT => {
                    tracing::debug!(%error, "journeys cannot be read now");
                }
                Err(BuildError::Store(error)) => {
                    tracing::error!(%error, "journeys cannot be read");
                    // The data read so far may be the cause.
                    (self.snapshot, self.folding) = (None, None);
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(MAX_RETRY_WAIT);
        }
    }

    /// Follows the log for ever, after loading or building the projection when there is none yet.
    async fn follow(&mut self) -> std::result::Result<(), BuildError> {
        if self.snapshot.is_none() {
            self.snapshot = Some(self.begin().await?);
        }
        let shared = self.shared.clone();
        let mut commits = shared.store.commits();
        loop {
            commits.mark_unchanged();
            let waits = self.apply_all().await?;
            self.rebuild().await?;
            self.publish();
            self.fold().await?;
            if self.saved_at.elapsed() >= shared.options.save_every {
                self.save().await;
            }
            if waits {
                tokio::time::sleep(VISIBILITY_POLL).await;
                continue;
            }
            let quiet = async {
                let _ = tokio::time::timeout(POLL, commits.changed()).await;
                if shared.waiting.load(Ordering::Relaxed) == 0 {
                    tokio::time::sleep(ACCUMULATE).await;
                }
            };
            tokio::select! {
                () = quiet => {}
                () = shared.wake.notified() => {}
            }
        }
    }

    /// The first snapshot: from disk, or built from the store.
    async fn begin(&mut self) -> std::result::Result<Snapshot, BuildError> {
        let shared = self.shared.clone();
        if let Some(path) = &shared.options.file {
            match from_disk(&shared, path).await {
                Ok(Some(snapshot)) => {
                    (self.saved, self.saved_at) = (snapshot.change, Instant::now());
                    shared.state.send_modify(|state| state.from_disk = true);
                    check_memory(&shared, &snapshot.projection)?;
                    return Ok(snapshot);
                }
                Ok(None) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let progress = |read, total| {
            shared.state.send_if_modified(|state| {
                let phase = Phase::Building { read, total };
                let news = state.phase != phase;
                state.phase = phase;
                news
            });
        };
        let options = BuildOptions {
            store: &*shared.store,
            properties: &shared.properties,
            threads: shared.options.threads,
            memory: shared.options.memory,
            progress: &progress,
        };
        shared.state.send_modify(|state| state.from_disk = false);
        let (projection, change) = build::build(&options).await?;
        Ok(Snapshot { projection, change })
    }

    /// Applies all visible changes. Returns whether it ended at a partly visible commit.
    async fn apply_all(&mut self) -> std::result::Result<bool, BuildError> {
        let Some(snapshot) = &mut self.snapshot else { return Ok(false) };
        let shared = &self.shared;
        let behind = |at: Timestamp| {
            shared.state.send_modify(|state| state.behind_since = Some(at));
            let lag = ((shared.clock)().0 - at.0).max(0);
            metrics::gauge!("throughline_journeys_lag_seconds").set(lag as f64 / 1_000.0);
        };
        loop {
            let applied = follow::apply_changes(
                &*shared.store,
                &shared.properties,
                &mut snapshot.projection,
                snapshot.change,
                &behind,
            )
            .await?;
            let nothing = applied.change == snapshot.change;
            snapshot.change = applied.change;
            if applied.erased {
                // A build that has begun may have read the person.
                if let Some(rebuilding) = self.rebuilding.take() {
                    rebuilding.abort();
                }
                self.folding = None;
                if let Some(path) = &shared.options.file {
                    forget(path);
                }
                self.rebuilding = Some(tokio::spawn(rebuilt(shared.clone())));
            }
            if nothing {
                check_memory(shared, &snapshot.projection)?;
                return Ok(applied.waits);
            }
        }
    }

    /// Replaces the snapshot by the one that was built without an erased person. Until the first one is published, it
    /// waits for it.
    async fn rebuild(&mut self) -> std::result::Result<(), BuildError> {
        let is_published = self.shared.state.borrow().snapshot.is_some();
        let Some(rebuilding) = self.rebuilding.take_if(|building| !is_published || building.is_finished()) else {
            return Ok(());
        };
        let Ok(Ok(built)) = rebuilding.await else {
            self.rebuilding = Some(tokio::spawn(rebuilt(self.shared.clone())));
            tokio::time::sleep(MIN_RETRY_WAIT).await;
            return Ok(());
        };
        self.snapshot = Some(built);
        self.saved = 0;
        // A person may have been erased in the meantime.
        self.apply_all().await?;
        self.save().await;
        Ok(())
    }

    /// Publishes the snapshot for questions, and the metrics.
    fn publish(&self) {
        let Some(snapshot) = &self.snapshot else { return };
        self.shared.state.send_if_modified(|state| {
            let known = state.phase == Phase::Ready
                && state.snapshot.as_ref().is_some_and(|shown| shown.change == snapshot.change);
            if !known {
                (state.phase, state.behind_since) = (Phase::Ready, None);
                state.snapshot = Some(snapshot.clone());
            }
            !known
        });
        metrics::gauge!("throughline_journeys_lag_seconds").set(0.0);
        metrics::gauge!("throughline_journeys_touchpoints").set(snapshot.projection.touchpoints() as f64);
        metrics::gauge!("throughline_journeys_bytes").set(snapshot.projection.bytes() as f64);
        metrics::gauge!("throughline_journeys_change").set(snapshot.change as f64);
    }

    /// Starts to fold a large delta in, on another thread; when that has ended, applies the changes since, and replaces the
    /// snapshot by the result.
    async fn fold(&mut self) -> std::result::Result<(), BuildError> {
        let Some(snapshot) = &mut self.snapshot else { return Ok(()) };
        match &mut self.folding {
            None if self.rebuilding.is_some() => {}
            None => {
                let most = (snapshot.projection.touchpoints() / 20).min(MAX_DELTA).max(self.shared.options.late);
                if snapshot.projection.pending() as u64 > most {
                    let Snapshot { projection, change } = snapshot.clone();
                    let fold = move || Snapshot { projection: projection.fold(1), change };
                    self.folding = Some(tokio::spawn(run_low_priority(fold)));
                }
            }
            Some(folding) if folding.is_finished() => {
                let folded = folding.await;
                self.folding = None;
                let broken =
                    || StoreError::Data("late touchpoints could not be sorted in: a fault of the program".into());
                let mut folded = folded.ok().flatten().ok_or_else(broken)?;
                let (shared, silent) = (&self.shared, |_| ());
                while folded.change < snapshot.change {
                    let from = folded.change;
                    let applied = follow::apply_changes(
                        &*shared.store,
                        &shared.properties,
                        &mut folded.projection,
                        from,
                        &silent,
                    )
                    .await?;
                    folded.change = applied.change;
                }
                *snapshot = folded;
                shared.state.send_modify(|state| state.snapshot = Some(snapshot.clone()));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Saves the projection, if it has changed since the last save.
    async fn save(&mut self) {
        self.saved_at = Instant::now();
        let (Some(snapshot), Some(path)) = (self.snapshot.clone(), self.shared.options.file.clone()) else { return };
        if snapshot.change == self.saved || self.rebuilding.is_some() {
            return;
        }
        let header = match Header::of(&*self.shared.store, &self.shared.options.dimensions, snapshot.change).await {
            Ok(Some(header)) => header,
            Ok(None) => return,
            Err(error) => return tracing::warn!(%error, "journeys were not saved"),
        };
        let began = Instant::now();
        let write = move || disk::save(&path, &header, &snapshot.projection).map(|()| snapshot.change);
        match run_low_priority(write).await {
            Some(Ok(change)) => {
                self.saved = change;
                tracing::info!(change, seconds = began.elapsed().as_secs_f64(), "journeys were saved");
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "journeys were not saved; the next start reads the store instead")
            }
            None => tracing::error!("journeys were not saved: a fault of the program"),
        }
    }
}

/// The projection, built from the store in the background.
async fn rebuilt(shared: Arc<Shared>) -> std::result::Result<Snapshot, BuildError> {
    let options = BuildOptions {
        store: &*shared.store,
        properties: &shared.properties,
        threads: 1,
        memory: shared.options.memory,
        progress: &|_, _| {},
    };
    let (projection, change) = build::build(&options).await?;
    Ok(Snapshot { projection, change })
}

/// Deletes the saved projection.
fn forget(path: &Path) {
    for path in [path.to_owned(), disk::temporary(path)] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::error!(%error, "saved journeys that hold an erased person were not deleted: delete them");
            }
            _ => {}
        }
    }
}

/// The saved projection, if it is from this store and not damaged.
async fn from_disk(shared: &Shared, path: &Path) -> Result<Option<Snapshot>> {
    let began = Instant::now();
    let Ok(saved) = disk::header(path) else { return Ok(None) };
    let change = saved.change;
    let status = shared.store.status().await?;
    let now = match status.change >= change {
        true => Header::of(&*shared.store, &shared.options.dimensions, change).await?,
        false => None,
    };
    if now.as_ref() != Some(&saved) {
        tracing::info!("saved journeys are from another store, version or settings: reading the store again");
        return Ok(None);
    }
    let path = path.to_owned();
    match tokio::task::spawn_blocking(move || disk::load(&path)).await {
        Ok(Ok(projection)) => {
            let touchpoints = projection.touchpoints();
            let missing = (status.touchpoints.max(0) as u64).saturating_sub(touchpoints);
            if missing > 100_000 && missing > touchpoints / 4 {
                tracing::info!(missing, "saved journeys are too old: reading the store again");
                return Ok(None);
            }
            let seconds = began.elapsed().as_secs_f64();
            tracing::info!(touchpoints, change, seconds, "saved journeys are loaded; applying later changes");
            Ok(Some(Snapshot { projection, change }))
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "saved journeys are damaged: reading the store again");
            Ok(None)
        }
        Err(_) => {
            tracing::error!("saved journeys cannot be read: a fault of the program");
            Ok(None)
        }
    }
}

/// Checks that the projection does not need more memory than the limit.
fn check_memory(shared: &Shared, projection: &Projection) -> std::result::Result<(), BuildError> {
    let bytes = projection.bytes() as u64;
    match bytes > shared.options.memory {
        true => Err(BuildError::TooLarge { bytes, touchpoints: projection.touchpoints() }),
        false => Ok(()),
    }
}
