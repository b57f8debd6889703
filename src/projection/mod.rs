//! The journeys of all customers: the projection of a store's touchpoints, kept up to date in memory.
//!
//! * [`build`] reads it from a store, [`follow`] applies the change log, [`disk`] saves and loads it. The task in [`sync`]
//!   does all three, as long as [`Journeys`] lives.
//! * A [`View`] is the state that a question reads. It has every change that was committed when the view was requested,
//!   so a client that wrote something finds it in the next answer.
//!
//! The figures are defined in [`crate::journeys`]. This layer does not know GraphQL, HTTP, or which store it is.

mod build;
mod cache;
mod disk;
mod error;
mod follow;
mod low_priority;
mod options;
mod sync;
mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;

use crate::domain::Timestamp;
use crate::ingest::clock::Clock;
use crate::journeys::Projection;
use crate::journeys::property::Properties;
use crate::store::{Store, StoreError};
pub(crate) use disk::temporary;
pub use error::ProjectionError;
pub use options::Options;
pub use view::View;

/// How long a question waits for a projection that is being built.
const BUILD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a question waits for the changes that were committed before it.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(8);
/// How long the store may take to answer with its last change.
const STATUS_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum number of questions that are computed at the same time; the others wait.
const MAX_CONCURRENT: usize = 2;

/// The projection of a store. Clones share it.
#[derive(Clone)]
pub struct Journeys(Arc<Shared>);

/// What the sync task and the views share.
struct Shared {
    store: Arc<dyn Store>,
    clock: Clock,
    options: Options,
    properties: Arc<Properties>,
    state: watch::Sender<State>,
    /// Wakes the sync task when a question waits.
    wake: Notify,
    waiting: AtomicUsize,
    /// A permit for each question that may be computed now.
    permits: Arc<Semaphore>,
    cache: cache::Cache,
    stop: watch::Sender<bool>,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

/// The state of the sync task.
#[derive(Clone)]
struct State {
    phase: Phase,
    /// `None` until the projection is built.
    snapshot: Option<Snapshot>,
    /// The commit time of the first change that is known and not applied.
    behind_since: Option<Timestamp>,
    /// Whether the projection was loaded from disk.
    from_disk: bool,
}

/// A projection and the change that it is as of.
#[derive(Clone)]
struct Snapshot {
    projection: Projection,
    change: i64,
}

/// The phase of the sync task.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// Reads the store: `read` touchpoints so far, of about `total`.
    Building { read: u64, total: u64 },
    /// Follows the change log.
    Ready,
    /// The projection needs more memory than the limit.
    TooLarge { bytes: u64, touchpoints: u64 },
    /// The task has ended.
    Ended,
}

/// Figures about a projection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The number of touchpoints.
    pub touchpoints: u64,
    /// Its memory in bytes, about.
    pub bytes: u64,
    /// The change that it is as of; 0 while it is being built.
    pub change: i64,
    /// Whether it was loaded from disk.
    pub from_disk: bool,
}

impl Journeys {
    /// Starts the sync task, which begins to read when the store is set up.
    pub fn start(store: Arc<dyn Store>, options: Options, clock: Clock) -> Self {
        let phase = Phase::Building { read: 0, total: 0 };
        let shared = Arc::new(Shared {
            properties: Arc::new(Properties::new(&options.dimensions)),
            state: watch::Sender::new(State { phase, snapshot: None, behind_since: Some(clock()), from_disk: false }),
            wake: Notify::new(),
            waiting: AtomicUsize::new(0),
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT)),
            cache: cache::Cache::default(),
            stop: watch::Sender::new(false),
            task: std::sync::Mutex::default(),
            store,
            clock,
            options,
        });
        let task = tokio::spawn(sync::run(shared.clone()));
        *shared.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(task);
        Journeys(shared)
    }

    /// A view with every change that the store has now. While the store is away, the view of its last known state.
    ///
    /// # Errors
    /// The projection is being built, or cannot be built; errors of the store.
    pub async fn view(&self) -> Result<View, ProjectionError> {
        let change = match tokio::time::timeout(STATUS_TIMEOUT, self.0.store.status()).await {
            Ok(Ok(status)) => status.change,
            Ok(Err(error)) if error.is_transient() => return self.0.view_at(0).ok_or(ProjectionError::Store(error)),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                return self.0.view_at(0).ok_or(ProjectionError::Store(StoreError::Timeout(STATUS_TIMEOUT.as_secs())));
            }
        };
        if let Some(view) = self.0.view_at(change) {
            return Ok(view);
        }
        let _waiting = WaitingQuestion::new(&self.0);
        let mut state = self.0.state.subscribe();
        let caught_up = |state: &State| state.has(change) || state.is_over();
        let built = |state: &State| !matches!(state.phase, Phase::Building { .. });
        let until_built = tokio::time::timeout(BUILD_TIMEOUT, state.wait_for(built)).await.is_ok();
        if until_built {
            let _ = tokio::time::timeout(CATCH_UP_TIMEOUT, state.wait_for(caught_up)).await;
        }
        self.0.view_at(change).ok_or_else(|| self.0.state.borrow().error(&self.0.options))
    }

    /// How far the projection is behind a store whose last change is `change`, committed at `changed_at`; in milliseconds.
    pub fn lag(&self, change: i64, changed_at: Timestamp) -> i64 {
        let state = self.0.state.borrow();
        let since = match &state.snapshot {
            Some(snapshot) if snapshot.change >= change => return 0,
            Some(_) => state.behind_since.map_or(changed_at, |since| since.min(changed_at)),
            None => state.behind_since.unwrap_or(changed_at),
        };
        ((self.0.clock)().0 - since.0).max(0)
    }

    /// The file that it is saved to.
    pub fn file(&self) -> Option<&std::path::Path> {
        self.0.options.file.as_deref()
    }

    /// Figures about the projection.
    pub fn figures(&self) -> Figures {
        let state = self.0.state.borrow();
        let figures = |Snapshot { projection, change }: &Snapshot| Figures {
            touchpoints: projection.touchpoints(),
            bytes: projection.bytes() as u64,
            change: *change,
            from_disk: state.from_disk,
        };
        state.snapshot.as_ref().map(figures).unwrap_or_default()
    }

    /// Ends the sync task, which saves the projection.
    pub async fn close(&self) {
        self.0.stop.send_replace(true);
        let task = self.0.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(task) = task
            && task.await.is_err()
        {
            tracing::error!("the task that keeps the journeys ended with a fault");
        }
    }
}

impl Shared {
    /// A view with `change`, if the projection has this change.
    fn view_at(self: &Arc<Self>, change: i64) -> Option<View> {
        let state = self.state.borrow();
        let snapshot = state.snapshot.as_ref().filter(|snapshot| snapshot.change >= change)?;
        Some(View::new(self.clone(), snapshot.clone()))
    }
}

impl State {
    fn has(&self, change: i64) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| snapshot.change >= change)
    }

    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::TooLarge { .. } | Phase::Ended)
    }

    /// Why there is no view with the latest change.
    fn error(&self, options: &Options) -> ProjectionError {
        match self.phase {
            Phase::Building { read, total } => ProjectionError::NotReady { read, total },
            Phase::TooLarge { bytes, touchpoints } => ProjectionError::TooLarge {
                bytes,
                touchpoints,
                most: options.memory,
                dimensions: options.dimensions.len(),
            },
            Phase::Ready => ProjectionError::Behind,
            Phase::Ended => ProjectionError::Ended,
        }
    }
}

/// Counts a question that waits for the projection, as long as it lives.
struct WaitingQuestion<'s>(&'s Shared);

impl<'s> WaitingQuestion<'s> {
    fn new(shared: &'s Shared) -> Self {
        shared.waiting.fetch_add(1, Ordering::Relaxed);
        shared.wake.notify_one();
        WaitingQuestion(shared)
    }
}

impl Drop for WaitingQuestion<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
