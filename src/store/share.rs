//! A request's share of a store's readers.
//!
//! One request can ask many things at once: fifty aliases are fifty reads. If all of these ran at once, they would take
//! every reader, and other requests would wait. So a request has a [`Share`], in which a few of its reads run at the
//! same time. All subscriptions together have one share. Work without a share, such as a background task, has no limit.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

tokio::task_local! {
    static SHARE: Option<Share>;
}

/// A limit for the reads that run at the same time. Clones are the same share.
#[derive(Clone, Debug)]
pub struct Share(Arc<Semaphore>);

impl Share {
    /// A share with `reads` reads at the same time.
    pub fn of(reads: usize) -> Self {
        Share(Arc::new(Semaphore::new(reads.max(1))))
    }

    /// The share of the current work; `None` when it has none.
    pub fn current() -> Option<Self> {
        SHARE.try_with(Clone::clone).ok().flatten()
    }
}

/// Does `work` within a share, or without a share. Tasks that `work` spawns have no share.
pub async fn within<F: Future>(share: Option<Share>, work: F) -> F::Output {
    SHARE.scope(share, work).await
}

/// Waits until the current share has a free read, and holds this read until the returned value is dropped.
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
