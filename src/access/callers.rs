//! Finds the caller of a key. All keys are kept in memory and read again every two seconds, so a key that another
//! process creates or revokes is in force or out of force soon, and wrong keys cost no read.
//!
//! While the store is away, the keys stay as they were read last.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::failures::Failures;
use super::{Caller, Policy, key_text};
use crate::domain::Timestamp;
use crate::domain::access_key::{AccessKey, KeyHash, MaskingSecret};
use crate::store::{Result, Store, StoreError};

/// How often the keys are read.
const READ_EVERY: Duration = Duration::from_secs(2);
/// After this many reads, uses are written: one write for all keys that were used.
const WRITE_TURNS: u32 = 15;

/// The keys that are known to this server.
pub struct Callers {
    store: Arc<dyn Store>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    policy: Policy,
    /// Read once, before the first keys.
    secret: OnceLock<MaskingSecret>,
    known: watch::Sender<Option<Arc<Known>>>,
    failures: Failures,
    /// The task that reads the keys, and how to end it.
    task: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

/// The keys in force when they were read.
type Known = FxHashMap<KeyHash, Key>;

/// A key in memory.
#[derive(Clone)]
struct Key {
    stored: AccessKey,
    caller: Arc<Caller>,
    /// The time of the last use on this server, in milliseconds; 0 without one.
    used_at: Arc<AtomicI64>,
}

/// Why a key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The keys could not be read yet.
    NotReady,
    /// No key, or a key that is not in force.
    Unknown,
}

impl Callers {
    /// Reads the keys of a store again and again, until [`close`](Self::close).
    pub fn start(store: Arc<dyn Store>, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>, policy: Policy) -> Arc<Self> {
        let callers = Arc::new(Callers {
            store,
            clock,
            policy,
            secret: OnceLock::new(),
            known: watch::Sender::new(None),
            failures: Failures::default(),
            task: Mutex::new(None),
        });
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(keep(callers.clone(), ended));
        *callers.task.lock().unwrap_or_else(PoisonError::into_inner) = Some((end, task));
        callers
    }

    /// The caller of a key.
    ///
    /// # Errors
    /// When the key is not accepted. It takes the same time for a key that never was and for one that was revoked.
    pub fn find(&self, key: &str) -> std::result::Result<Arc<Caller>, Denied> {
        let hash = key_text::read(key).ok_or(Denied::Unknown)?;
        let Some(known) = self.known.borrow().clone() else { return Err(Denied::NotReady) };
        let now = (self.clock)();
        let key = known.get(&hash).filter(|key| key.stored.is_in_force(now)).ok_or(Denied::Unknown)?;
        key.used_at.fetch_max(now.0, Ordering::Relaxed);
        Ok(key.caller.clone())
    }

    /// Counts a failed request. From the eleventh of a minute on it returns how long the address must wait.
    pub fn count_failure(&self, address: IpAddr) -> Option<Duration> {
        metrics::counter!("throughline_access_failures_total").increment(1);
        self.failures.count(address, Instant::now())
    }

    /// Waits until the caller's key is not in force any more.
    pub async fn until_ended(&self, caller: &Caller) {
        let Some(hash) = caller.key else { return std::future::pending().await };
        let mut known = self.known.subscribe();
        loop {
            let now = (self.clock)();
            let key = known.borrow_and_update().as_ref().map(|known| known.get(&hash).map(|key| key.stored.clone()));
            let wait = match key {
                // The keys are not read yet.
                None => READ_EVERY,
                Some(Some(key)) if key.is_in_force(now) => match key.expires_at {
                    Some(end) => Duration::from_millis((end.0 - now.0).max(1).unsigned_abs()),
                    None => Duration::from_secs(3_600),
                },
                Some(_) => return,
            };
            tokio::select! {
                changed = known.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Records the last uses, and reads no more.
    pub async fn close(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((end, task)) = task {
            let _ = end.send(());
            let _ = task.await;
        }
    }

    /// The secret of all servers of the store. The first server makes it.
    async fn secret(&self) -> Result<&MaskingSecret> {
        if let Some(secret) = self.secret.get() {
            return Ok(secret);
        }
        let mut new = MaskingSecret([0; 32]);
        getrandom::fill(&mut new.0).map_err(|_| StoreError::Refused("the system has no random bytes".into()))?;
        let stored = self.store.masking_secret(&new).await?;
        Ok(self.secret.get_or_init(|| stored))
    }

    async fn read(&self) -> Result<()> {
        let secret = self.secret().await?;
        let stored = self.store.list_access_keys().await?;
        let now = (self.clock)();
        let before = self.known.borrow().clone();
        let known: Known = stored
            .into_iter()
            .filter(|key| key.is_in_force(now))
            .map(|key| {
                let used_at = before.as_ref().and_then(|before| before.get(&key.hash)).map(|old| old.used_at.clone());
                let caller = Arc::new(Caller::of(&key, &self.policy, secret));
                (key.hash, Key { stored: key, caller, used_at: used_at.unwrap_or_default() })
            })
            .collect();
        self.known.send_replace(Some(Arc::new(known)));
        Ok(())
    }

    async fn write_uses(&self) -> Result<()> {
        let Some(known) = self.known.borrow().clone() else { return Ok(()) };
        let used = known.values().filter_map(|key| {
            let at = Timestamp(key.used_at.load(Ordering::Relaxed));
            (at.0 > 0 && key.stored.used_at.is_none_or(|stored| stored < at)).then_some((key.stored.hash, at))
        });
        let used: Vec<_> = used.collect();
        if used.is_empty() { Ok(()) } else { self.store.note_access_key_uses(&used).await }
    }
}

/// The background task.
async fn keep(callers: Arc<Callers>, mut ended: oneshot::Receiver<()>) {
    let ready = tokio::select! {
        () = callers.store.until_set_up() => true,
        _ = &mut ended => false,
    };
    if !ready {
        return;
    }
    for turn in 1_u32.. {
        if let Err(error) = callers.read().await {
            tracing::warn!(%error, "the keys of callers cannot be read now; those that are known stay in force");
        }
        if turn.is_multiple_of(WRITE_TURNS) {
            note(&callers).await;
        }
        tokio::select! {
            () = tokio::time::sleep(READ_EVERY) => {}
            _ = &mut ended => break,
        }
    }
    note(&callers).await;
}

async fn note(callers: &Callers) {
    if let Err(error) = callers.write_uses().await {
        tracing::warn!(%error, "the last use of keys cannot be recorded now");
    }
}
