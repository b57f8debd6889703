//! A request's share of a store's readers.
//!
//! One request can ask many things at once: fifty aliases are fifty reads. Were all of them handed to the
//! store, they would hold every reader, and everybody else would wait behind them. So a request has a
//! [`Share`], in which a few of its reads run at a time; all subscriptions together have one. Whoever has
//! none, as what works in the background, is not held up.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

tokio::task_local! {
    static SHARE: Option<Share>;
}

/// How many reads of somebody run at a time. Clones are the same share.
#[derive(Clone, Debug)]
pub struct Share(Arc<Semaphore>);

impl Share {
    /// A share of `reads` at a time.
    pub fn of(reads: usize) -> Self {
        Share(Arc::new(Semaphore::new(reads.max(1))))
    }

    /// That of the work which is being done; `None` when it has none.
    pub fn current() -> Option<Self> {
        SHARE.try_with(Clone::clone).ok().flatten()
    }
}

/// Does `work` within a share, or outside of any. What `work` spawns has none of itself.
pub async fn within<F: Future>(share: Option<Share>, work: F) -> F::Output {
    SHARE.scope(share, work).await
}

/// Waits until the present share has a read free, and takes it for as long as the answer lives.
pub(super) async fn turn() -> Option<OwnedSemaphorePermit> {
    // Nobody closes the semaphore.
    Share::current()?.0.acquire_owned().await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_share_lets_so_many_read_and_who_has_none_is_not_held_up() {
        let share = Share::of(2);
        let (first, _second) = within(Some(share.clone()), async { (turn().await, turn().await) }).await;
        let third = within(Some(share.clone()), async { tokio::time::timeout(SOON, turn()).await });
        assert!(third.await.is_err(), "two are taken");
        assert!(within(Some(Share::of(2)), turn()).await.is_some(), "another request has its own");
        assert!(turn().await.is_none() && within(None, turn()).await.is_none());
        let inside = within(Some(share.clone()), within(None, async { Share::current().is_none() }));
        assert!(inside.await, "a part of the work can be outside");
        drop(first);
        assert!(within(Some(share), turn()).await.is_some());
    }

    const SOON: std::time::Duration = std::time::Duration::from_millis(20);
}
