//! The journeys of all customers: the projection of a store's touchpoints, kept up to date in memory.
//!
//! * [`build`] reads it from a store, [`follow`] takes in the change log, [`disk`] saves it and loads it again. The task in
//!   [`keep`] does all three for as long as [`Journeys`] lives.
//! * A [`View`] is the state that one question is asked of. It contains every change that was committed before it was asked
//!   for, so a client that wrote something finds it in its next answer.
//!
//! The meaning of the figures is in [`crate::journeys`]. Knows neither GraphQL nor HTTP, nor which store it is.

mod aside;
mod build;
mod cache;
mod disk;
mod follow;
mod keep;
mod options;
mod trouble;
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
pub use options::Options;
pub use trouble::Trouble;
pub use view::View;

/// How long a question waits for a projection that is still being built.
const BUILT_WITHIN: Duration = Duration::from_secs(5);
/// How long it waits for what was written before it.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(8);
/// How long the store may take to say which change it is at.
const ASKED_WITHIN: Duration = Duration::from_secs(5);
/// How many questions are worked out at a time; the others wait for their turn.
const AT_ONCE: usize = 2;

/// The projection of a store. Clones share it.
#[derive(Clone)]
pub struct Journeys(Arc<Shared>);

/// What the task and those who ask share.
struct Shared {
    store: Arc<dyn Store>,
    clock: Clock,
    options: Options,
    properties: Arc<Properties>,
    state: watch::Sender<State>,
    /// Rung by a question that waits.
    bell: Notify,
    waiting: AtomicUsize,
    turns: Arc<Semaphore>,
    cache: cache::Cache,
    stop: watch::Sender<bool>,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

/// Where it stands.
#[derive(Clone)]
struct State {
    phase: Phase,
    /// All that was taken in, and the change that it is of.
    taken: Option<(Projection, i64)>,
    /// When the first change was committed that is known and not taken in.
    behind_since: Option<Timestamp>,
    /// Whether it began with what was saved.
    from_disk: bool,
}

/// What it is busy with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// Reading the store: so many touchpoints of about so many.
    Building { read: u64, of: u64 },
    /// Following.
    Ready,
    /// It takes more memory than it may.
    TooLarge { bytes: u64, touchpoints: u64 },
    /// The end.
    Ended,
}

/// Figures about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Touchpoints in it.
    pub touchpoints: u64,
    /// Memory it takes, about.
    pub bytes: u64,
    /// The change it is of; 0 while it is being built.
    pub change: i64,
    /// Whether it began with what was saved.
    pub from_disk: bool,
}

impl Journeys {
    /// Begins to read, in the background, once the store was set up.
    pub fn start(store: Arc<dyn Store>, options: Options, clock: Clock) -> Self {
        let phase = Phase::Building { read: 0, of: 0 };
        let shared = Arc::new(Shared {
            properties: Arc::new(Properties::new(&options.dimensions)),
            state: watch::Sender::new(State { phase, taken: None, behind_since: Some(clock()), from_disk: false }),
            bell: Notify::new(),
            waiting: AtomicUsize::new(0),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            cache: cache::Cache::default(),
            stop: watch::Sender::new(false),
            task: std::sync::Mutex::default(),
            store,
            clock,
            options,
        });
        let task = tokio::spawn(keep::keep(shared.clone()));
        *shared.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(task);
        Journeys(shared)
    }

    /// The state of now: with every change that the store has when this is asked; or of when the store was last there,
    /// while it is away.
    ///
    /// # Errors
    /// That it is still being built, or cannot be; of the store.
    pub async fn view(&self) -> Result<View, Trouble> {
        let wanted = match tokio::time::timeout(ASKED_WITHIN, self.0.store.status()).await {
            Ok(Ok(status)) => status.change,
            Ok(Err(error)) if error.is_transient() => return self.0.view_at(0).ok_or(Trouble::Store(error)),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                return self.0.view_at(0).ok_or(Trouble::Store(StoreError::Timeout(ASKED_WITHIN.as_secs())));
            }
        };
        if let Some(view) = self.0.view_at(wanted) {
            return Ok(view);
        }
        let _waits = Waits::new(&self.0);
        let mut state = self.0.state.subscribe();
        let caught_up = |state: &State| state.has(wanted) || state.is_over();
        let built = |state: &State| !matches!(state.phase, Phase::Building { .. });
        let until_built = tokio::time::timeout(BUILT_WITHIN, state.wait_for(built)).await.is_ok();
        if until_built {
            let _ = tokio::time::timeout(CAUGHT_UP_WITHIN, state.wait_for(caught_up)).await;
        }
        self.0.view_at(wanted).ok_or_else(|| self.0.state.borrow().trouble(&self.0.options))
    }

    /// How far it is behind a store whose last change is `change`, committed at `changed_at`; in milliseconds.
    pub fn lag(&self, change: i64, changed_at: Timestamp) -> i64 {
        let state = self.0.state.borrow();
        let since = match &state.taken {
            Some((_, taken)) if *taken >= change => return 0,
            Some(_) => state.behind_since.map_or(changed_at, |since| since.min(changed_at)),
            None => state.behind_since.unwrap_or(changed_at),
        };
        ((self.0.clock)().0 - since.0).max(0)
    }

    /// Figures about it.
    pub fn figures(&self) -> Figures {
        let state = self.0.state.borrow();
        let figures = |(projection, change): &(Projection, i64)| Figures {
            touchpoints: projection.touchpoints(),
            bytes: projection.bytes() as u64,
            change: *change,
            from_disk: state.from_disk,
        };
        state.taken.as_ref().map(figures).unwrap_or_default()
    }

    /// Ends the task, and saves what there is.
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
    fn view_at(self: &Arc<Self>, wanted: i64) -> Option<View> {
        let state = self.state.borrow();
        let (projection, change) = state.taken.as_ref().filter(|(_, change)| *change >= wanted)?;
        Some(View::new(self.clone(), projection.clone(), *change))
    }
}

impl State {
    fn has(&self, change: i64) -> bool {
        self.taken.as_ref().is_some_and(|(_, taken)| *taken >= change)
    }

    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::TooLarge { .. } | Phase::Ended)
    }

    fn trouble(&self, options: &Options) -> Trouble {
        match self.phase {
            Phase::Building { read, of } => Trouble::NotReady { read, of },
            Phase::TooLarge { bytes, touchpoints } => {
                Trouble::TooLarge { bytes, touchpoints, most: options.memory, dimensions: options.dimensions.len() }
            }
            Phase::Ready => Trouble::Behind,
            Phase::Ended => Trouble::Ended,
        }
    }
}

/// Somebody waits, for as long as this lives.
struct Waits<'s>(&'s Shared);

impl<'s> Waits<'s> {
    fn new(shared: &'s Shared) -> Self {
        shared.waiting.fetch_add(1, Ordering::Relaxed);
        shared.bell.notify_one();
        Waits(shared)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
