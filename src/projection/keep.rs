//! The task that keeps the projection: reads it from disk or from the store, follows the change log, sorts
//! in what came late, and saves.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::aside::aside;
use super::build::{self, Building, Failed};
use super::disk::{self, Label};
use super::{Phase, Shared, follow};
use crate::domain::Timestamp;
use crate::journeys::Projection;
use crate::store::{Result, StoreError};

/// How often the store is asked for what others committed, while nobody waits for it.
const POLL: Duration = Duration::from_secs(1);
/// How long changes are left to gather while nobody waits for them.
const GATHER: Duration = Duration::from_millis(250);
/// How soon a commit that is only becoming visible is looked for again.
const SOON: Duration = Duration::from_millis(20);
/// How long to wait between two tries while the store is away; doubles up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LAST_WAIT: Duration = Duration::from_secs(5);
/// What comes late is sorted in when it is more than that, however much there is.
const MOST_LATE: u64 = 250_000;

/// Works until it is told to stop, then saves.
pub(super) async fn keep(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let mut keeper = Keeper { shared: shared.clone(), kept: None, saved: 0, saved_at: Instant::now(), folding: None };
    // What cannot go on stays as it is, and says why, until the end.
    let work = async {
        keeper.work().await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = work => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    shared.state.send_modify(|state| state.phase = Phase::Ended);
    keeper.save().await;
}

struct Keeper {
    shared: Arc<Shared>,
    kept: Option<Kept>,
    /// The change that is on disk.
    saved: i64,
    saved_at: Instant,
    folding: Option<JoinHandle<Option<Kept>>>,
}

/// A state and the change that it is of.
#[derive(Clone)]
struct Kept {
    projection: Projection,
    change: i64,
}

impl Keeper {
    async fn work(&mut self) {
        self.shared.store.until_set_up().await;
        let mut wait = FIRST_WAIT;
        loop {
            match self.follow().await {
                Ok(()) => return,
                Err(Failed::TooLarge { bytes, touchpoints }) => {
                    // Freed, since it would not be used; another try takes other settings.
                    self.kept = None;
                    self.shared.state.send_modify(|state| {
                        (state.phase, state.taken) = (Phase::TooLarge { bytes, touchpoints }, None);
                    });
                    let trouble = self.shared.state.borrow().trouble(&self.shared.options);
                    tracing::error!(hint = trouble.hint().unwrap_or_default(), "{trouble}");
                    return;
                }
                Err(Failed::Store(error)) if error.is_transient() || wait < LAST_WAIT => {
                    tracing::debug!(%error, "journeys cannot be read now");
                }
                Err(Failed::Store(error)) => {
                    tracing::error!(%error, "journeys cannot be read");
                    // Whatever was read may be part of it.
                    (self.kept, self.folding) = (None, None);
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LAST_WAIT);
        }
    }

    /// Follows the log for ever, from disk or from a build when there is nothing yet.
    async fn follow(&mut self) -> std::result::Result<(), Failed> {
        if self.kept.is_none() {
            self.kept = Some(self.begin().await?);
        }
        let shared = self.shared.clone();
        let mut commits = shared.store.commits();
        loop {
            commits.mark_unchanged();
            let waits = self.take_all().await?;
            self.publish();
            self.fold().await?;
            if self.saved_at.elapsed() >= shared.options.save_every {
                self.save().await;
            }
            if waits {
                tokio::time::sleep(SOON).await;
                continue;
            }
            let quiet = async {
                let _ = tokio::time::timeout(POLL, commits.changed()).await;
                if shared.waiting.load(Ordering::Relaxed) == 0 {
                    tokio::time::sleep(GATHER).await;
                }
            };
            tokio::select! {
                () = quiet => {}
                () = shared.bell.notified() => {}
            }
        }
    }

    /// The state to begin with.
    async fn begin(&mut self) -> std::result::Result<Kept, Failed> {
        let shared = self.shared.clone();
        if let Some(path) = &shared.options.file {
            match from_disk(&shared, path).await {
                Ok(Some(kept)) => {
                    (self.saved, self.saved_at) = (kept.change, Instant::now());
                    shared.state.send_modify(|state| state.from_disk = true);
                    check(&shared, &kept.projection)?;
                    return Ok(kept);
                }
                Ok(None) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let progress = |read, of| {
            shared.state.send_if_modified(|state| {
                let phase = Phase::Building { read, of };
                let news = state.phase != phase;
                state.phase = phase;
                news
            });
        };
        let building = Building {
            store: &*shared.store,
            properties: &shared.properties,
            threads: shared.options.threads,
            memory: shared.options.memory,
            progress: &progress,
        };
        shared.state.send_modify(|state| state.from_disk = false);
        let (projection, change) = build::build(&building).await?;
        Ok(Kept { projection, change })
    }

    /// Takes in all that can be seen; whether a commit is only becoming visible.
    async fn take_all(&mut self) -> std::result::Result<bool, Failed> {
        let Some(kept) = &mut self.kept else { return Ok(false) };
        let shared = &self.shared;
        let behind = |at: Timestamp| {
            shared.state.send_modify(|state| state.behind_since = Some(at));
            let lag = ((shared.clock)().0 - at.0).max(0);
            metrics::gauge!("throughline_journeys_lag_seconds").set(lag as f64 / 1_000.0);
        };
        loop {
            let taken =
                follow::take(&*shared.store, &shared.properties, &mut kept.projection, kept.change, &behind).await?;
            let nothing = taken.change == kept.change;
            kept.change = taken.change;
            if nothing {
                check(shared, &kept.projection)?;
                return Ok(taken.waits);
            }
        }
    }

    /// Shows the state to those who ask.
    fn publish(&self) {
        let Some(kept) = &self.kept else { return };
        self.shared.state.send_if_modified(|state| {
            let known = state.phase == Phase::Ready && state.taken.as_ref().is_some_and(|(_, at)| *at == kept.change);
            if !known {
                (state.phase, state.behind_since) = (Phase::Ready, None);
                state.taken = Some((kept.projection.clone(), kept.change));
            }
            !known
        });
        metrics::gauge!("throughline_journeys_lag_seconds").set(0.0);
        metrics::gauge!("throughline_journeys_touchpoints").set(kept.projection.touchpoints() as f64);
        metrics::gauge!("throughline_journeys_bytes").set(kept.projection.bytes() as f64);
        metrics::gauge!("throughline_journeys_change").set(kept.change as f64);
    }

    /// Has what came late sorted in, aside; and takes the outcome when it is there, with what came meanwhile.
    async fn fold(&mut self) -> std::result::Result<(), Failed> {
        let Some(kept) = &mut self.kept else { return Ok(()) };
        match &mut self.folding {
            None => {
                let most = (kept.projection.touchpoints() / 20).min(MOST_LATE).max(self.shared.options.late);
                if kept.projection.pending() as u64 > most {
                    let Kept { projection, change } = kept.clone();
                    let fold = move || Kept { projection: projection.fold(1), change };
                    self.folding = Some(tokio::spawn(aside(fold)));
                }
            }
            Some(folding) if folding.is_finished() => {
                let folded = folding.await;
                self.folding = None;
                let broken =
                    || StoreError::Data("late touchpoints could not be sorted in: a fault of the program".into());
                let mut folded = folded.ok().flatten().ok_or_else(broken)?;
                let (shared, silent) = (&self.shared, |_| ());
                while folded.change < kept.change {
                    let from = folded.change;
                    let taken =
                        follow::take(&*shared.store, &shared.properties, &mut folded.projection, from, &silent).await?;
                    folded.change = taken.change;
                }
                *kept = folded;
                shared.state.send_modify(|state| state.taken = Some((kept.projection.clone(), kept.change)));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Saves, when there is something new.
    async fn save(&mut self) {
        self.saved_at = Instant::now();
        let (Some(kept), Some(path)) = (self.kept.clone(), self.shared.options.file.clone()) else { return };
        if kept.change == self.saved {
            return;
        }
        let label = match Label::of(&*self.shared.store, &self.shared.options.dimensions, kept.change).await {
            Ok(Some(label)) => label,
            Ok(None) => return,
            Err(error) => return tracing::warn!(%error, "journeys were not saved"),
        };
        let began = Instant::now();
        let write = move || disk::save(&path, &label, &kept.projection).map(|()| kept.change);
        match aside(write).await {
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

/// What was saved, when it is of this store and whole.
async fn from_disk(shared: &Shared, path: &Path) -> Result<Option<Kept>> {
    let began = Instant::now();
    let Ok(saved) = disk::label(path) else { return Ok(None) };
    let change = saved.change;
    let status = shared.store.status().await?;
    let now = match status.change >= change {
        true => Label::of(&*shared.store, &shared.options.dimensions, change).await?,
        false => None,
    };
    if now.as_ref() != Some(&saved) {
        tracing::info!("saved journeys are of another store, version or settings: they are read anew");
        return Ok(None);
    }
    let path = path.to_owned();
    match tokio::task::spawn_blocking(move || disk::load(&path)).await {
        Ok(Ok(projection)) => {
            let touchpoints = projection.touchpoints();
            let missing = (status.touchpoints.max(0) as u64).saturating_sub(touchpoints);
            if missing > 100_000 && missing > touchpoints / 4 {
                tracing::info!(missing, "saved journeys are too old: they are read anew");
                return Ok(None);
            }
            let seconds = began.elapsed().as_secs_f64();
            tracing::info!(touchpoints, change, seconds, "journeys were saved and are taken from there");
            Ok(Some(Kept { projection, change }))
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "saved journeys are damaged: they are read anew");
            Ok(None)
        }
        Err(_) => {
            tracing::error!("saved journeys cannot be read: a fault of the program");
            Ok(None)
        }
    }
}

/// Whether it takes no more memory than it may.
fn check(shared: &Shared, projection: &Projection) -> std::result::Result<(), Failed> {
    let bytes = projection.bytes() as u64;
    match bytes > shared.options.memory {
        true => Err(Failed::TooLarge { bytes, touchpoints: projection.touchpoints() }),
        false => Ok(()),
    }
}
