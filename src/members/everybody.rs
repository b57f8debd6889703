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
use crate::knowing::repeat::Model;
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
/// How long a question waits for the first sums of a larger store. The request itself has ten seconds.
const FIRST_WAIT: Duration = Duration::from_secs(8);
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
        self.status.change >= change && day(now) == day(self.at) && now < self.right_until
    }

    /// Whether a larger store is to be walked again.
    fn is_old(&self, status: &StoreStatus, now: Timestamp) -> bool {
        let grew = |now: i64, then: i64| (now - then).saturating_mul(100) > then.saturating_mul(GROWTH_PERCENT);
        day(now) != day(self.at)
            || grew(status.customers, self.status.customers)
            || grew(status.touchpoints, self.status.touchpoints)
    }
}

/// The sums over all customers of one store, and over those that each purpose shows.
#[derive(Clone, Default)]
pub struct EverybodyByPurpose(Arc<Mutex<HashMap<Option<Arc<str>>, EverybodyKept>>>);

impl EverybodyByPurpose {
    /// The sums over the customers that a purpose shows; without a purpose, over all.
    pub fn of(&self, purpose: Option<Arc<str>>) -> EverybodyKept {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(purpose).or_default().clone()
    }

    /// Forgets all sums: somebody who is in them was erased.
    pub fn clear(&self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.drain().for_each(|(_, kept)| kept.close());
    }

    /// Ends the walks in the background.
    pub fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(EverybodyKept::close);
    }
}

/// The sums over all customers of one store.
#[derive(Clone)]
pub struct EverybodyKept(Arc<Inner>);

/// A model, `None` with too few customers, and the number of orders that it was fitted on.
type Fitted = (u64, Option<Model>);

struct Inner {
    /// Up to so many customers and touchpoints a store is small.
    small: (i64, i64),
    /// How long a question waits for the first sums of a larger store.
    first_wait: Duration,
    /// Held during a walk over a small store, so that others wait for it.
    walking: Arc<tokio::sync::Mutex<()>>,
    kept: watch::Sender<Option<Kept>>,
    /// The walk over a larger store.
    task: Mutex<Option<JoinHandle<()>>>,
    moments: Arc<tokio::sync::Mutex<HashMap<Moment, Arc<Everybody>>>>,
    /// What is expected of customers, of now and of moments, with the number of orders that it was fitted on.
    models: tokio::sync::Mutex<HashMap<Option<Moment>, Fitted>>,
}

impl Default for EverybodyKept {
    fn default() -> Self {
        EverybodyKept::new((SMALL_CUSTOMERS, SMALL_TOUCHPOINTS), FIRST_WAIT)
    }
}

impl EverybodyKept {
    fn new(small: (i64, i64), first_wait: Duration) -> Self {
        EverybodyKept(Arc::new(Inner {
            small,
            first_wait,
            walking: Arc::default(),
            kept: watch::Sender::new(None),
            task: Mutex::default(),
            moments: Arc::default(),
            models: tokio::sync::Mutex::default(),
        }))
    }

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
        let is_small = status.customers <= self.0.small.0 && status.touchpoints <= self.0.small.1;
        match as_of {
            Some(moment) if is_small => Ok(self.of_moment(store, traits, moment).await?),
            _ if is_small => Ok(self.of_small(store, traits, status, now).await?),
            _ => self.of_large(store, traits, status, now).await,
        }
    }

    /// The model of repeated orders that is fitted on these sums, of now or of a moment. It is fitted again when the number
    /// of orders has changed by 5 %. `None` with too few customers.
    pub async fn model(&self, sums: &Arc<Everybody>, as_of: Option<Moment>) -> Option<Model> {
        // One fit at a time, and the others wait for it.
        let mut models = self.0.models.lock().await;
        if let Some((orders, model)) = models.get(&as_of)
            && orders.abs_diff(sums.orders).saturating_mul(100) < orders.saturating_mul(GROWTH_PERCENT as u64).max(1)
        {
            return *model;
        }
        let of = sums.clone();
        let model = tokio::task::spawn_blocking(move || Model::fit(&of.buyers)).await.unwrap_or_else(|fault| {
            tracing::error!(%fault, "a model of repeated orders was not fitted");
            None
        });
        if models.len() > MOST_MOMENTS {
            models.clear();
        }
        models.insert(as_of, (sums.orders, model));
        model
    }

    /// Ends the walk in the background.
    pub fn close(&self) {
        let task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        task.iter().for_each(JoinHandle::abort);
    }

    async fn of_small(
        &self,
        store: &Arc<dyn Store>,
        traits: &TraitPolicies,
        status: StoreStatus,
        now: Timestamp,
    ) -> Result<Arc<Everybody>> {
        let known = || self.0.kept.borrow().clone().filter(|kept| kept.is_exact(status.change, now));
        if let Some(kept) = known() {
            return Ok(kept.sums);
        }
        let walking = self.0.walking.clone().lock_owned().await;
        if let Some(kept) = known() {
            return Ok(kept.sums);
        }
        let (store, traits, inner) = (store.clone(), traits.clone(), self.0.clone());
        to_its_end(async move {
            let _walking = walking;
            let kept = keep(&*store, &traits, status, now).await?;
            inner.kept.send_replace(Some(kept.clone()));
            Ok(kept.sums)
        })
        .await
    }

    async fn of_moment(
        &self,
        store: &Arc<dyn Store>,
        traits: &TraitPolicies,
        moment: Moment,
    ) -> Result<Arc<Everybody>> {
        let mut moments = self.0.moments.clone().lock_owned().await;
        if let Some(known) = moments.get(&moment) {
            return Ok(known.clone());
        }
        let (store, traits) = (store.clone(), traits.clone());
        to_its_end(async move {
            let sums = Arc::new(walk(&*store, &traits, moment.at, Some(moment)).await?);
            if moments.len() >= MOST_MOMENTS {
                moments.clear();
            }
            moments.insert(moment, sums.clone());
            Ok(sums)
        })
        .await
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
        let waited = tokio::time::timeout(self.0.first_wait, first.wait_for(Option::is_some)).await;
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

/// Runs a walk to its end, also when the request that began it has ended: the next one finds what it kept.
async fn to_its_end<T: Send + 'static>(walk: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let ended = tokio::spawn(walk).await;
    ended.unwrap_or_else(|_| Err(StoreError::Data("a walk over all customers ended with a fault".into())))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowing::DAY;
    use crate::store::sqlite::{SqliteOptions, SqliteStore};

    const NOW: Timestamp = Timestamp(20_000 * DAY + DAY / 2);

    async fn empty(folder: &tempfile::TempDir) -> Arc<dyn Store> {
        let store = SqliteStore::open(&folder.path().join("a.db"), SqliteOptions::default()).expect("a store");
        store.set_up().await.expect("a store that is set up");
        Arc::new(store)
    }

    /// The sums at a time, of a store that claims to be of this size.
    async fn at(
        kept: &EverybodyKept,
        store: &Arc<dyn Store>,
        now: Timestamp,
        customers: i64,
        change: i64,
    ) -> Arc<Everybody> {
        let status = StoreStatus { customers, change, ..StoreStatus::default() };
        kept.sums(store, &TraitPolicies::default(), status, now, None).await.expect("sums")
    }

    #[tokio::test]
    async fn the_sums_of_a_small_store_are_worked_out_again_after_a_change_and_a_day() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, kept) = (empty(&folder).await, EverybodyKept::default());
        let first = at(&kept, &store, NOW, 1, 1).await;
        assert!(Arc::ptr_eq(&first, &at(&kept, &store, NOW, 1, 1).await));
        let second = at(&kept, &store, NOW, 1, 2).await;
        assert!(!Arc::ptr_eq(&first, &second), "something was stored");
        assert!(Arc::ptr_eq(&second, &at(&kept, &store, Timestamp(NOW.0 + DAY / 2 - 1), 1, 2).await));
        assert!(!Arc::ptr_eq(&second, &at(&kept, &store, Timestamp(NOW.0 + DAY / 2), 1, 2).await), "a day has passed");
    }

    #[tokio::test]
    async fn the_old_sums_of_a_larger_store_serve_while_it_is_walked_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, kept) = (empty(&folder).await, EverybodyKept::new((10, 10), Duration::from_secs(60)));
        let walked = async || {
            let task = kept.0.task.lock().expect("a task").take();
            task.expect("a walk").await.expect("its end");
        };
        let first = at(&kept, &store, NOW, 100, 1).await;
        walked().await;
        assert!(Arc::ptr_eq(&first, &at(&kept, &store, NOW, 105, 2).await), "5 % more is not more than 5 %");
        assert!(kept.0.task.lock().expect("a task").is_none());
        assert!(Arc::ptr_eq(&first, &at(&kept, &store, NOW, 106, 3).await));
        walked().await;
        let second = at(&kept, &store, NOW, 106, 3).await;
        assert!(!Arc::ptr_eq(&first, &second));
        let tomorrow = Timestamp(NOW.0 + DAY);
        assert!(Arc::ptr_eq(&second, &at(&kept, &store, tomorrow, 106, 3).await));
        walked().await;
        assert!(!Arc::ptr_eq(&second, &at(&kept, &store, tomorrow, 106, 3).await));
    }

    #[tokio::test]
    async fn who_asks_first_does_not_wait_for_ever() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, kept) = (empty(&folder).await, EverybodyKept::new((10, 10), Duration::from_millis(50)));
        // A walk that does not end.
        *kept.0.task.lock().expect("a task") = Some(tokio::spawn(std::future::pending()));
        let status = StoreStatus { customers: 11, ..StoreStatus::default() };
        let asked = kept.sums(&store, &TraitPolicies::default(), status, NOW, None).await;
        assert!(matches!(asked, Err(NoSums::NotReady)));
        kept.close();
    }
}
