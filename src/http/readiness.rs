//! Whether the store can be reached, and the task that checks it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::store::{Result, Store, StoreError};

/// The pause between two attempts. It doubles from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LAST_WAIT: Duration = Duration::from_secs(10);
/// How often the store is pinged, and how long it may take to answer.
const PING_EVERY: Duration = Duration::from_secs(2);
const PING_WITHIN: Duration = Duration::from_secs(5);
/// How long the setup of a store that is back may take.
const SET_UP_WITHIN: Duration = Duration::from_secs(300);

/// Whether the server is ready, or why it is not. Clones share the state.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Why queries are not answered.
    reason: watch::Sender<Option<String>>,
    /// Why events are not accepted, while queries are answered.
    writes: watch::Sender<Option<String>>,
    /// Whether the server was ready once and is not ending.
    began: AtomicBool,
}

impl Readiness {
    /// Not ready yet.
    pub fn starting() -> Self {
        Self(Arc::new(Inner {
            reason: watch::Sender::new(Some("starting".to_owned())),
            writes: watch::Sender::new(None),
            began: AtomicBool::new(false),
        }))
    }

    /// Why queries are not answered. `None` when they are.
    pub fn reason(&self) -> Option<String> {
        self.0.reason.borrow().clone()
    }

    /// Why queries are not answered or events not accepted. `None` when both work.
    pub fn trouble(&self) -> Option<String> {
        let message = |reason: &String| format!("nothing can be stored, queries are answered: {reason}");
        self.reason().or_else(|| self.0.writes.borrow().as_ref().map(message))
    }

    /// Whether the server was ready and its store is away now. Queries that need no store can still be answered.
    pub fn is_away(&self) -> bool {
        self.0.began.load(Ordering::Relaxed) && self.0.reason.borrow().is_some()
    }

    /// Queries are answered from now on.
    pub fn set_ready(&self) {
        self.0.began.store(true, Ordering::Relaxed);
        self.set(None);
    }

    /// Queries are not answered from now on.
    pub fn set_not_ready(&self, reason: impl Into<String>) {
        self.set(Some(reason.into()));
    }

    /// Events are accepted from now on, or not, for this reason.
    pub fn set_writes(&self, trouble: Option<String>) {
        self.0.writes.send_if_modified(|now| {
            if *now == trouble {
                return false;
            }
            match &trouble {
                None => tracing::info!("writes can be stored again"),
                Some(reason) => tracing::error!(reason, "nothing can be stored"),
            }
            *now = trouble;
            true
        });
    }

    /// The server is ending. The log has that already.
    pub fn set_ending(&self) {
        self.0.began.store(false, Ordering::Relaxed);
        self.0.reason.send_replace(Some("ending".to_owned()));
    }

    /// Sets the reason, and logs a change.
    fn set(&self, reason: Option<String>) {
        self.0.reason.send_if_modified(|now| {
            if *now == reason {
                return false;
            }
            match &reason {
                None => tracing::info!("ready"),
                Some(reason) => tracing::warn!(reason, "not ready"),
            }
            *now = reason;
            true
        });
    }
}

/// The part of a store that this module uses.
pub(super) trait Watched {
    fn set_up(&self) -> impl Future<Output = Result<()>> + Send;
    fn ping(&self) -> impl Future<Output = Result<()>> + Send;
    /// Whether it accepts writes.
    fn check_writes(&self) -> impl Future<Output = Result<()>> + Send;
    /// Whether the store is a file. An error of a file at the start is permanent, one of a server is not.
    fn is_a_file(&self) -> bool;
}

impl Watched for Arc<dyn Store> {
    async fn set_up(&self) -> Result<()> {
        Store::set_up(&**self).await
    }

    async fn ping(&self) -> Result<()> {
        Store::ping(&**self).await
    }

    async fn check_writes(&self) -> Result<()> {
        Store::check_writes(&**self).await
    }

    fn is_a_file(&self) -> bool {
        self.name() == "sqlite"
    }
}

/// Sets the store up. Retries until it succeeds, and logs the reason whenever it changes.
///
/// # Errors
/// When the store is a file and the error is permanent.
pub(super) async fn set_up(store: &impl Watched, readiness: &Readiness) -> Result<()> {
    tracing::info!("setting the store up");
    let mut wait = FIRST_WAIT;
    while let Err(error) = store.set_up().await {
        if store.is_a_file() && !error.is_transient() {
            return Err(error);
        }
        readiness.set_not_ready(message(&error));
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LAST_WAIT);
    }
    Ok(())
}

/// Checks for ever whether the store can be reached. A store that was away is set up again before it is used: it may
/// have been replaced or restored.
pub(super) async fn watch(store: &impl Watched, readiness: &Readiness) {
    loop {
        tokio::time::sleep(PING_EVERY).await;
        let was_there = readiness.reason().is_none();
        let asked = async {
            match was_there {
                true => store.ping().await,
                false => store.set_up().await,
            }
        };
        let within = if was_there { PING_WITHIN } else { SET_UP_WITHIN };
        let there = tokio::time::timeout(within, asked).await;
        match there.unwrap_or(Err(StoreError::Timeout(within.as_secs()))) {
            Ok(()) => {
                readiness.set_ready();
                watch_writes(store, readiness).await;
            }
            // A busy store can be reached.
            Err(StoreError::Busy(_)) if was_there => {}
            Err(error) => readiness.set_not_ready(message(&error)),
        }
    }
}

/// Checks whether events can be stored. Keeps the state when that cannot be found out.
async fn watch_writes(store: &impl Watched, readiness: &Readiness) {
    match tokio::time::timeout(PING_WITHIN, store.check_writes()).await {
        Ok(Ok(())) => readiness.set_writes(None),
        Ok(Err(error)) if error.stops_writes() => readiness.set_writes(Some(message(&error))),
        Ok(Err(_)) | Err(_) => {}
    }
}

fn message(error: &StoreError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A store that returns each of its errors once, then succeeds.
    struct FailingStore {
        errors: Mutex<Vec<StoreError>>,
        writes: Mutex<Vec<StoreError>>,
        file: bool,
    }

    impl FailingStore {
        fn with(errors: &[StoreError], file: bool) -> Self {
            Self { errors: Mutex::new(errors.to_vec()), writes: Mutex::default(), file }
        }

        fn next(&self) -> Result<()> {
            self.errors.lock().expect("no panic").pop().map_or(Ok(()), Err)
        }
    }

    impl Watched for FailingStore {
        async fn set_up(&self) -> Result<()> {
            self.next()
        }
        async fn ping(&self) -> Result<()> {
            self.next()
        }
        async fn check_writes(&self) -> Result<()> {
            self.writes.lock().expect("no panic").pop().map_or(Ok(()), Err)
        }
        fn is_a_file(&self) -> bool {
            self.file
        }
    }

    #[tokio::test]
    async fn a_server_is_retried_until_it_can_be_reached() {
        let readiness = Readiness::starting();
        let store = FailingStore::with(&[StoreError::Setup("the password is wrong".into())], false);
        set_up(&store, &readiness).await.expect("the second try");
        assert_eq!(readiness.reason().as_deref(), Some("the password is wrong"));
        readiness.set_ready();
        assert_eq!(readiness.reason(), None);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_used_is_an_error() {
        let store = FailingStore::with(&[StoreError::Setup("made by a newer version".into())], true);
        assert!(set_up(&store, &Readiness::starting()).await.is_err());
        let store = FailingStore::with(&[StoreError::Busy("locked".into())], true);
        assert!(set_up(&store, &Readiness::starting()).await.is_ok());
    }

    #[tokio::test]
    async fn a_store_that_goes_away_and_comes_back_turns_readiness_off_and_on() {
        let readiness = Readiness::starting();
        readiness.set_ready();
        let store = FailingStore::with(&[StoreError::Away("gone".into())], false);
        let mut news = readiness.0.reason.subscribe();
        let watching = async {
            news.changed().await.expect("a sender");
            assert_eq!(readiness.reason().as_deref(), Some("the store is away: gone"));
            news.changed().await.expect("a sender");
            assert_eq!(readiness.reason(), None);
        };
        tokio::select! {
            () = watch(&store, &readiness) => unreachable!("watches for ever"),
            () = watching => {}
            () = tokio::time::sleep(Duration::from_secs(20)) => panic!("nothing changed"),
        }
    }

    #[tokio::test]
    async fn a_full_disk_turns_readiness_off_for_writes_only_until_there_is_space() {
        let readiness = Readiness::starting();
        readiness.set_ready();
        let store = FailingStore {
            writes: Mutex::new(vec![StoreError::Full("free some space".into())]),
            ..FailingStore::with(&[], true)
        };
        let mut news = readiness.0.writes.subscribe();
        let watching = async {
            news.changed().await.expect("a sender");
            assert!(readiness.trouble().is_some_and(|said| said.contains("free some space")));
            assert_eq!((readiness.reason(), readiness.is_away()), (None, false), "queries are answered");
            news.changed().await.expect("a sender");
            assert_eq!(readiness.trouble(), None);
        };
        tokio::select! {
            () = watch(&store, &readiness) => unreachable!("watches for ever"),
            () = watching => {}
            () = tokio::time::sleep(Duration::from_secs(20)) => panic!("nothing changed"),
        }
    }
}
