//! One tail of the change log for a whole process, and readers on it.
//!
//! The tail runs while somebody follows. It reads on when this process commits something, and asks
//! the store [every so often](POLL) what others committed. What it read last is kept in a window, whose
//! size is the only memory that the live log takes, however many follow.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::domain::change::{Change, ChangePlace};
use crate::store::{Result, Store};

/// How often the store is asked for what others committed.
const POLL: Duration = Duration::from_millis(200);
/// How soon it is asked again for a commit that is only becoming visible.
const SOON: Duration = Duration::from_millis(20);
/// How long to wait between two tries while the store is away; doubles up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How many changes the window holds.
const WINDOW: usize = 32_768;
/// How many changes the tail reads at once: more than a batch has as a rule, since each read parses
/// the whole of its batch.
const TAIL_PAGE: usize = 16_384;
/// How many changes a reader takes at once, out of the window and out of the store.
const TAKE: usize = 64;
const PAGE: usize = 512;

/// The live change log of a store.
pub struct Feed {
    store: Arc<dyn Store>,
    state: Mutex<State>,
    /// Told whenever the window grows, or the tail has begun.
    news: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    followers: usize,
    tail: Option<AbortHandle>,
    /// Which tail the window is of: one that was ended may still be at its last step.
    generation: u64,
    /// `None` until the tail knows where it begins.
    window: Option<Window>,
}

/// The changes behind `begin`, up to `end`.
struct Window {
    begin: ChangePlace,
    end: ChangePlace,
    changes: VecDeque<Arc<Change>>,
}

impl Feed {
    /// Nothing is read until somebody follows.
    pub fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Feed { store, state: Mutex::default(), news: watch::Sender::new(()) })
    }

    /// The end of the log.
    pub async fn now(&self) -> Result<ChangePlace> {
        Ok(ChangePlace::behind(self.store.status().await?.change))
    }

    /// Whether a place is one of the log. One that another server gave out may be seen here a moment
    /// later, so the end is looked at again before the answer is no.
    pub async fn is_place(&self, place: ChangePlace) -> Result<bool> {
        if place.seq < 0 || (place.seq == 0 && !place.is_behind_all()) {
            return Ok(false);
        }
        let mut looks = 3;
        while self.now().await?.seq < place.seq {
            looks -= 1;
            if looks == 0 {
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

    /// Follows the log behind `after`, which is a place of it.
    pub fn follow(self: &Arc<Self>, after: ChangePlace) -> Reader {
        let mut state = self.state();
        state.followers += 1;
        if state.tail.as_ref().is_none_or(AbortHandle::is_finished) {
            state.generation += 1;
            let tail = tail(Arc::downgrade(self), self.store.clone(), state.generation);
            state.tail = Some(tokio::spawn(tail).abort_handle());
        }
        Reader { feed: self.clone(), place: after, taken: VecDeque::new(), news: self.news.subscribe() }
    }

    /// Whether the tail runs.
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

    /// Changes the window of a tail that is still the present one.
    fn change_window(&self, generation: u64, change: impl FnOnce(&mut Option<Window>)) {
        let mut state = self.state();
        if state.generation == generation && state.tail.is_some() {
            change(&mut state.window);
            self.news.send_replace(());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the log of a store and keeps the feed's window, until it is aborted or the feed is gone.
async fn tail(feed: std::sync::Weak<Feed>, store: Arc<dyn Store>, generation: u64) {
    let mut commits = store.commits();
    let mut wait = FIRST_WAIT;
    let mut place: Option<ChangePlace> = None;
    loop {
        commits.mark_unchanged();
        let pause = match read_on(&feed, &store, generation, &mut place).await {
            Ok(pause) => {
                wait = FIRST_WAIT;
                pause
            }
            Err(error) => {
                if error.is_transient() {
                    tracing::debug!(%error, "the change log cannot be read now");
                } else {
                    tracing::error!(%error, "the change log cannot be read");
                    // Readers then ask the store themselves, and tell those who ask them.
                    place = None;
                    let Some(feed) = feed.upgrade() else { return };
                    feed.change_window(generation, |window| *window = None);
                }
                let pause = wait;
                wait = (wait * 2).min(LAST_WAIT);
                Some(pause)
            }
        };
        let Some(pause) = pause else { continue };
        // A commit of our own wakes it, but not out of a wait for a store that is away.
        if pause == POLL {
            let _ = tokio::time::timeout(pause, commits.changed()).await;
        } else {
            tokio::time::sleep(pause).await;
        }
    }
}

/// One read of the tail. How long to wait before the next; `None` is not at all.
async fn read_on(
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
        return Ok(Some(if run.waits { SOON } else { POLL }));
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
        self.changes.extend(changes.into_iter().map(Arc::new));
        self.end = upto;
        let over = self.changes.len().saturating_sub(WINDOW);
        if let Some(last) = self.changes.drain(..over).next_back() {
            self.begin = last.place;
        }
    }

    /// What is behind a place of it.
    fn behind(&self, place: ChangePlace) -> impl Iterator<Item = Arc<Change>> + '_ {
        let first = self.changes.partition_point(|change| change.place <= place);
        self.changes.range(first..).cloned()
    }
}

/// Follows the log from a place on.
pub struct Reader {
    feed: Arc<Feed>,
    /// How far it has read; `taken` is before that and not handed out yet.
    place: ChangePlace,
    taken: VecDeque<Arc<Change>>,
    news: watch::Receiver<()>,
}

impl Reader {
    /// The next change, whenever it happens. While the store is away it waits.
    ///
    /// # Errors
    /// When what is stored cannot be read by this version, or for ever.
    pub async fn next(&mut self) -> Result<Arc<Change>> {
        let mut wait = FIRST_WAIT;
        loop {
            if let Some(change) = self.taken.pop_front() {
                return Ok(change);
            }
            self.news.mark_unchanged();
            if self.take_from_window() {
                if self.taken.is_empty() {
                    // Only this reader can end the wait, or the tail: no error of the sender's.
                    let _ = self.news.changed().await;
                }
                continue;
            }
            match self.feed.store.changes(self.place, PAGE).await {
                Ok(run) => {
                    wait = FIRST_WAIT;
                    let nothing = run.upto == self.place;
                    self.place = run.upto;
                    self.taken.extend(run.changes.into_iter().map(Arc::new));
                    if nothing {
                        let pause = if run.waits { SOON } else { POLL };
                        let _ = tokio::time::timeout(pause, self.news.changed()).await;
                    }
                }
                Err(error) if error.is_transient() => {
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LAST_WAIT);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether its place is in the window; then what is behind it there is taken.
    fn take_from_window(&mut self) -> bool {
        let state = self.feed.state();
        let Some(window) = &state.window else { return false };
        if self.place < window.begin {
            return false;
        }
        self.taken.extend(window.behind(self.place).take(TAKE));
        // Without any, batches that told nothing are passed.
        self.place = self.taken.back().map_or(self.place.max(window.end), |last| last.place);
        true
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.feed.unfollow();
    }
}
