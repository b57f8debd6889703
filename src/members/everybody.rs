//! The sums over all customers that figures about one customer are compared with, kept in memory.
//!
//! They are worked out by a walk over all customers. On a small store the walk is repeated when something was stored, so
//! figures are exact. On a larger one it goes on in the background, now and then, and the last sums serve meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{ReadsOf, Walk, facts};
use crate::domain::claim::TraitPolicies;
use crate::domain::masks::Masks;
use crate::domain::{Moment, Timestamp};
use crate::knowing::everybody::Everybody;
use crate::knowing::{Frame, day};
use crate::segments::condition::Needs;
use crate::store::query::CustomerFilter;
use crate::store::{Result, Store, StoreError, StoreStatus};

/// What figures need of a customer.
pub const NEEDS: Needs = Needs { identity: true, touchpoints: true, orders: true };
/// Up to so many customers a store is small: a walk over it takes about a second.
const SMALL_CUSTOMERS: i64 = 3_000;
/// Up to so many touchpoints a store is small.
const SMALL_TOUCHPOINTS: i64 = 100_000;
/// A larger store is walked again when it has so many percent more touchpoints or customers.
const GROWTH_PERCENT: i64 = 5;
/// How long a question waits for the first sums of a larger store.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// How many moments of the past are kept.
const MOST_MOMENTS: usize = 8;

/// Why there are no sums.
#[derive(Debug, thiserror::Error)]
pub enum NoSums {
    /// The first walk goes on.
    #[error("all customers are still read for the first time: try again in a moment")]
    NotReady,
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The sums of a store, with the store as it was before the walk.
#[derive(Clone)]
struct Kept {
    status: StoreStatus,
    at: Timestamp,
    right_until: Timestamp,
    sums: Arc<Everybody>,
}

impl Kept {
    fn is_exact(&self, change: i64, now: Timestamp) -> bool {
        self.status.change == change && (self.at..self.right_until).contains(&now)
    }

    /// Whether a larger store is to be walked again.
    fn is_old(&self, status: &StoreStatus, now: Timestamp) -> bool {
        let grew = |now: i64, then: i64| (now - then).saturating_mul(100) > then.saturating_mul(GROWTH_PERCENT);
        day(now) != day(self.at)
            || grew(status.customers, self.status.customers)
            || grew(status.touchpoints, self.status.touchpoints)
    }
}

/// The sums over all customers of one store.
#[derive(Clone)]
pub struct EverybodyKept(Arc<Inner>);

struct Inner {
    /// Held during a walk over a small store, so that others wait for it.
    walking: tokio::sync::Mutex<()>,
    kept: watch::Sender<Option<Kept>>,
    /// The walk over a larger store.
    task: Mutex<Option<JoinHandle<()>>>,
    moments: tokio::sync::Mutex<HashMap<Moment, Arc<Everybody>>>,
}

impl Default for EverybodyKept {
    fn default() -> Self {
        EverybodyKept(Arc::new(Inner {
            walking: tokio::sync::Mutex::default(),
            kept: watch::Sender::new(None),
            task: Mutex::default(),
            moments: tokio::sync::Mutex::default(),
        }))
    }
}

impl EverybodyKept {
    /// The sums of now, or of a moment. Those of a moment are of then on a small store, and of now on a larger one.
    /// `status` is that of the store, read before.
    pub async fn sums(
        &self,
        store: &Arc<dyn Store>,
        traits: &TraitPolicies,
        status: StoreStatus,
        now: Timestamp,
        as_of: Option<Moment>,
    ) -> std::result::Result<Arc<Everybody>, NoSums> {
        let is_small = status.customers <= SMALL_CUSTOMERS && status.touchpoints <= SMALL_TOUCHPOINTS;
        match as_of {
            Some(moment) if is_small => Ok(self.of_moment(&**store, traits, moment).await?),
            _ if is_small => Ok(self.of_small(&**store, traits, status, now).await?),
            _ => self.of_large(store, traits, status, now).await,
        }
    }

    /// Ends the walk in the background.
    pub fn close(&self) {
        let task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        task.iter().for_each(JoinHandle::abort);
    }

    async fn of_small(
        &self,
        store: &dyn Store,
        traits: &TraitPolicies,
        status: StoreStatus,
        now: Timestamp,
    ) -> Result<Arc<Everybody>> {
        let known = || self.0.kept.borrow().clone().filter(|kept| kept.is_exact(status.change, now));
        if let Some(kept) = known() {
            return Ok(kept.sums);
        }
        let _walking = self.0.walking.lock().await;
        if let Some(kept) = known() {
            return Ok(kept.sums);
        }
        let kept = keep(store, traits, status, now).await?;
        self.0.kept.send_replace(Some(kept.clone()));
        Ok(kept.sums)
    }

    async fn of_moment(&self, store: &dyn Store, traits: &TraitPolicies, moment: Moment) -> Result<Arc<Everybody>> {
        let mut moments = self.0.moments.lock().await;
        if let Some(known) = moments.get(&moment) {
            return Ok(known.clone());
        }
        let sums = Arc::new(walk(store, traits, moment.at, Some(moment)).await?);
        if moments.len() >= MOST_MOMENTS {
            moments.clear();
        }
        moments.insert(moment, sums.clone());
        Ok(sums)
    }

    async fn of_large(
        &self,
        store: &Arc<dyn Store>,
        traits: &TraitPolicies,
        status: StoreStatus,
        now: Timestamp,
    ) -> std::result::Result<Arc<Everybody>, NoSums> {
        let kept = self.0.kept.borrow().clone();
        if kept.as_ref().is_none_or(|kept| kept.is_old(&status, now)) {
            self.walk_on(store, traits, status, now);
        }
        if let Some(kept) = kept {
            return Ok(kept.sums);
        }
        let mut first = self.0.kept.subscribe();
        let waited = tokio::time::timeout(FIRST_WAIT, first.wait_for(Option::is_some)).await;
        let kept = waited.ok().and_then(|kept| kept.ok()?.clone());
        kept.map(|kept| kept.sums).ok_or(NoSums::NotReady)
    }

    /// Begins a walk in the background, when none goes on.
    fn walk_on(&self, store: &Arc<dyn Store>, traits: &TraitPolicies, status: StoreStatus, now: Timestamp) {
        let mut task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (store, traits, inner) = (store.clone(), traits.clone(), Arc::downgrade(&self.0));
        *task = Some(tokio::spawn(async move {
            match keep(&*store, &traits, status, now).await {
                Ok(kept) => {
                    if let Some(inner) = inner.upgrade() {
                        inner.kept.send_replace(Some(kept));
                    }
                }
                Err(error) => tracing::warn!(%error, "the sums over all customers could not be worked out"),
            }
        }));
    }
}

async fn keep(store: &dyn Store, traits: &TraitPolicies, status: StoreStatus, now: Timestamp) -> Result<Kept> {
    let sums = Arc::new(walk(store, traits, now, None).await?);
    Ok(Kept { status, at: now, right_until: sums.right_until(now), sums })
}

/// Adds all customers.
async fn walk(store: &dyn Store, traits: &TraitPolicies, now: Timestamp, as_of: Option<Moment>) -> Result<Everybody> {
    let (mut sums, masks) = (Everybody::default(), Masks::default());
    let frame = Frame { now, traits, masks: &masks };
    let reads = match as_of {
        None => ReadsOf::Present(store),
        Some(moment) => ReadsOf::Past(store.as_of(moment)),
    };
    let mut walk = Walk::new(CustomerFilter::default());
    while let Some(ids) = walk.next(store, as_of).await? {
        for facts in facts::read(&*reads, &ids, NEEDS).await?.into_iter().flatten() {
            sums.add(&facts, &frame);
        }
        // Much work without waiting for the store lets others go first.
        tokio::task::yield_now().await;
    }
    Ok(sums)
}
