//! One task per process that tails the change log, and the readers that it serves.
//!
//! The tail task runs while there is a reader. It reads on when this process commits, and [polls](POLL) the store for
//! the commits of other processes. It keeps the latest changes in a window. The window is the only memory that the live
//! log takes, for any number of readers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::domain::change::{Change, ChangeEntry, ChangePlace};
use crate::store::{Result, Store};

/// How often the tail polls the store for the commits of other processes.
const POLL: Duration = Duration::from_millis(200);
/// How soon the tail polls again after a partly visible commit.
const VISIBILITY_POLL: Duration = Duration::from_millis(20);
/// How long to wait between two attempts while the store is away; doubles up to the maximum.
const MIN_RETRY_WAIT: Duration = Duration::from_millis(200);
const MAX_RETRY_WAIT: Duration = Duration::from_secs(5);
/// How many changes the window holds.
const WINDOW_SIZE: usize = 32_768;
/// How many changes the tail reads at once. It is more than most batches have, since each read parses the whole batch.
const TAIL_PAGE: usize = 16_384;
/// How many changes a reader takes at once, from the window and from the store.
const WINDOW_PAGE: usize = 64;
const STORE_PAGE: usize = 512;

/// The live change log of a store.
pub struct Feed {
    store: Arc<dyn Store>,
    state: Mutex<State>,
    /// Notified when the window grows and when the tail has begun.
    updates: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    followers: usize,
    tail: Option<AbortHandle>,
    /// Which tail the window belongs to: a tail that was aborted may still finish its last step.
    generation: u64,
    /// `None` until the tail has its first place.
    window: Option<Window>,
}

/// The changes after `begin`, up to `end`.
struct Window {
    begin: ChangePlace,
    end: ChangePlace,
    changes: VecDeque<Arc<Change>>,
}

impl Feed {
    /// A feed of this store. It reads nothing until there is a reader.
    pub fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Feed { store, state: Mutex::default(), updates: watch::Sender::new(()) })
    }

    /// The end of the log.
    pub async fn now(&self) -> Result<ChangePlace> {
        Ok(ChangePlace::behind(self.store.status().await?.change))
    }

    /// Whether a place exists in the log. A place that another server gave out may become visible here a moment later,
    /// so the end of the log is read three times before the answer is no.
    pub async fn is_place(&self, place: ChangePlace) -> Result<bool> {
        if place.seq < 0 || (place.seq == 0 && !place.is_behind_all()) {
            return Ok(false);
        }
        let mut attempts = 3;
        while self.now().await?.seq < place.seq {
            attempts -= 1;
            if attempts == 0 {
                return Ok(false);
            }
            tokio::time::sleep(POLL).await;
        }
        if place.is_behind_all() {
            return Ok(true);
        }
        let before = match place.index {
            0 => ChangePlace::behind(place.seq - 1),
            index => ChangePlace { seq: place.seq, index: index - 1 },
        };
        let run = self.store.changes(before, 1).await?;
        Ok(run.changes.first().is_some_and(|change| change.place == place))
    }

    /// A reader of the log from `after` on, which is a place of it.
    pub fn follow(self: &Arc<Self>, after: ChangePlace) -> ChangeReader {
        let mut state = self.state();
        state.followers += 1;
        if state.tail.as_ref().is_none_or(AbortHandle::is_finished) {
            state.generation += 1;
            let tail = tail(Arc::downgrade(self), self.store.clone(), state.generation);
            state.tail = Some(tokio::spawn(tail).abort_handle());
        }
        ChangeReader { feed: self.clone(), place: after, pending: VecDeque::new(), updates: self.updates.subscribe() }
    }

    /// Whether the tail task runs.
    pub fn is_live(&self) -> bool {
        self.state().tail.is_some()
    }

    fn unfollow(&self) {
        let mut state = self.state();
        state.followers -= 1;
        if state.followers == 0 {
            if let Some(tail) = state.tail.take() {
                tail.abort();
            }
            state.window = None;
        }
    }

    /// Changes the window, unless another tail has replaced this one.
    fn change_window(&self, generation: u64, change: impl FnOnce(&mut Option<Window>)) {
        let mut state = self.state();
        if state.generation == generation && state.tail.is_some() {
            change(&mut state.window);
            self.updates.send_replace(());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tail task: reads the log and fills the feed's window, until it is aborted or the feed is dropped.
async fn tail(feed: std::sync::Weak<Feed>, store: Arc<dyn Store>, generation: u64) {
    let mut commits = store.commits();
    let mut wait = MIN_RETRY_WAIT;
    let mut place: Option<ChangePlace> = None;
    loop {
        commits.mark_unchanged();
        let pause = match read_next(&feed, &store, generation, &mut place).await {
            Ok(pause) => {
                wait = MIN_RETRY_WAIT;
                pause
            }
            Err(error) => {
                if error.is_transient() {
                    tracing::debug!(%error, "the change log cannot be read now");
                } else {
                    tracing::error!(%error, "the change log cannot be read");
                    // The readers then read the store themselves, and report the error.
                    place = None;
                    let Some(feed) = feed.upgrade() else { return };
                    feed.change_window(generation, |window| *window = None);
                }
                let pause = wait;
                wait = (wait * 2).min(MAX_RETRY_WAIT);
                Some(pause)
            }
        };
        let Some(pause) = pause else { continue };
        // A commit of this process ends the poll interval, but not the wait for a store that is away.
        if pause == POLL {
            let _ = tokio::time::timeout(pause, commits.changed()).await;
        } else {
            tokio::time::sleep(pause).await;
        }
    }
}

/// One read of the tail. The answer is how long to wait before the next; `None` means not at all.
async fn read_next(
    feed: &std::sync::Weak<Feed>,
    store: &Arc<dyn Store>,
    generation: u64,
    place: &mut Option<ChangePlace>,
) -> Result<Option<Duration>> {
    let Some(from) = *place else {
        let begin = ChangePlace::behind(store.status().await?.change);
        *place = Some(begin);
        let window = Window { begin, end: begin, changes: VecDeque::new() };
        if let Some(feed) = feed.upgrade() {
            feed.change_window(generation, |now| *now = Some(window));
        }
        return Ok(None);
    };
    let run = store.changes(from, TAIL_PAGE).await?;
    if run.upto == from {
        return Ok(Some(if run.waits { VISIBILITY_POLL } else { POLL }));
    }
    *place = Some(run.upto);
    if let Some(feed) = feed.upgrade() {
        feed.change_window(generation, |window| {
            if let Some(window) = window {
                window.add(run.changes, run.upto);
            }
        });
    }
    Ok(None)
}

impl Window {
    fn add(&mut self, changes: Vec<Change>, upto: ChangePlace) {
        // In the store, the entries before an erasure say nothing of the person any more: readers take them from there.
        let is_erasure = |change: &Change| matches!(change.entry, ChangeEntry::CustomerErased { .. });
        let erased = changes.iter().rposition(is_erasure).map_or(0, |n| self.changes.len() + n);
        self.changes.extend(changes.into_iter().map(Arc::new));
        self.end = upto;
        let over = self.changes.len().saturating_sub(WINDOW_SIZE).max(erased);
        if let Some(last) = self.changes.drain(..over).next_back() {
            self.begin = last.place;
        }
    }

    /// The changes after a place of the window.
    fn after(&self, place: ChangePlace) -> impl Iterator<Item = Arc<Change>> + '_ {
        let first = self.changes.partition_point(|change| change.place <= place);
        self.changes.range(first..).cloned()
    }
}

/// Reads the log from a place on, and waits at its end for new changes.
pub struct ChangeReader {
    feed: Arc<Feed>,
    /// How far it has read. The changes in `pending` are before this place and not returned yet.
    place: ChangePlace,
    pending: VecDeque<Arc<Change>>,
    updates: watch::Receiver<()>,
}

impl ChangeReader {
    /// The next change. It waits at the end of the log, and while the store is away.
    ///
    /// # Errors
    /// Errors of the store that do not pass, such as data that this version cannot read.
    pub async fn next(&mut self) -> Result<Arc<Change>> {
        let mut wait = MIN_RETRY_WAIT;
        loop {
            if let Some(change) = self.pending.pop_front() {
                return Ok(change);
            }
            self.updates.mark_unchanged();
            if self.read_window() {
                if self.pending.is_empty() {
                    // The feed holds the sender and lives as long as this reader, so this cannot fail.
                    let _ = self.updates.changed().await;
                }
                continue;
            }
            match self.feed.store.changes(self.place, STORE_PAGE).await {
                Ok(run) => {
                    wait = MIN_RETRY_WAIT;
                    let nothing = run.upto == self.place;
                    self.place = run.upto;
                    self.pending.extend(run.changes.into_iter().map(Arc::new));
                    if nothing {
                        let pause = if run.waits { VISIBILITY_POLL } else { POLL };
                        let _ = tokio::time::timeout(pause, self.updates.changed()).await;
                    }
                }
                Err(error) if error.is_transient() => {
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(MAX_RETRY_WAIT);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the next changes from the window. Whether the reader's place is in the window.
    fn read_window(&mut self) -> bool {
        let state = self.feed.state();
        let Some(window) = &state.window else { return false };
        if self.place < window.begin {
            return false;
        }
        self.pending.extend(window.after(self.place).take(WINDOW_PAGE));
        // No changes up to the end of the window: the batches in between have no entries.
        self.place = self.pending.back().map_or(self.place.max(window.end), |last| last.place);
        true
    }
}

impl Drop for ChangeReader {
    fn drop(&mut self) {
        self.feed.unfollow();
    }
}
