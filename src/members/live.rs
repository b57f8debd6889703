//! The task that keeps the members of saved segments: it judges the customers that changes touched, those that fell due, and,
//! after a save of a segment, all customers in pages.
//!
//! What is to be done is stored, so nothing is lost when a server is killed. Several servers may do the same; the store
//! writes each crossing once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::judge::{Judge, Setting};
use crate::domain::Timestamp;
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::segment::Segment;
use crate::domain::segment_membership::{Covers, Crossing, Sweep, Verdict};
use crate::segments::condition::SegmentCondition;
use crate::segments::saved::SavedSegments;
use crate::store::query::{CustomerFilter, CustomerList, CustomerSort, CustomerSortKey};
use crate::store::{Result, Store};

/// How often the store is asked what fell due, and what other processes have changed.
const POLL: Duration = Duration::from_millis(250);
/// How long to wait between two attempts while the store is away.
const RETRY: Duration = Duration::from_secs(1);
/// How long to wait after a commit, so that the next ones are judged with it.
const SETTLE: Duration = Duration::from_millis(50);
/// How many customers are judged at a time.
const BATCH: usize = 200;

/// Reads the condition of a saved segment. `None` when this version of the program cannot read it.
pub type ReadSegment = Arc<dyn Fn(&SavedSegments, &Segment) -> Option<SegmentCondition> + Send + Sync>;

/// What the task needs beside the store.
#[derive(Clone)]
pub struct LiveOptions {
    /// Gives the present time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Gives the present setting; it may change with the rules.
    pub setting: Arc<dyn Fn() -> Setting + Send + Sync>,
    /// Reads conditions.
    pub read: ReadSegment,
}

/// The task.
pub struct LiveSegments {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl LiveSegments {
    /// Starts the task. It waits until the store is set up.
    pub fn start(store: Arc<dyn Store>, options: LiveOptions) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(run(store, options, stopped));
        LiveSegments { stop, task }
    }

    /// Stops the task after the batch that it is judging.
    pub async fn close(self) {
        self.stop.send_replace(true);
        if self.task.await.is_err() {
            tracing::error!("the task that keeps the members of segments ended with a fault");
        }
    }
}

async fn run(store: Arc<dyn Store>, options: LiveOptions, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => return,
        () = store.until_set_up() => {}
    }
    let mut commits = store.commits();
    let mut failed = false;
    loop {
        commits.mark_unchanged();
        let pause = match Box::pin(step(&*store, &options)).await {
            Ok(more) => {
                failed = false;
                if more { Duration::ZERO } else { POLL }
            }
            Err(error) => {
                // The readiness check logs that the store is away.
                if error.is_transient() || std::mem::replace(&mut failed, true) {
                    tracing::debug!(%error, "customers could not be judged now");
                } else {
                    tracing::warn!(%error, "customers could not be judged by the saved segments");
                }
                RETRY
            }
        };
        let woken = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(pause) => false,
            Ok(()) = commits.changed(), if pause == POLL => true,
        };
        if woken {
            tokio::time::sleep(SETTLE).await;
        }
    }
}

/// Judges a batch of what is to be judged. Whether that went on, so that there may be more.
pub async fn step(store: &dyn Store, options: &LiveOptions) -> Result<bool> {
    let now = (options.clock)();
    let pending = store.pending_judgements(now, BATCH).await?;
    let sweeps = store.sweeps().await?;
    if pending.is_empty() && sweeps.is_empty() {
        return Ok(false);
    }
    let saved = SavedSegments(Arc::new(store.segments(None).await?));
    let judge = Judge::new(&saved, (options.setting)(), |segment| (options.read)(&saved, segment));
    let mut went_on = false;
    if !pending.is_empty() {
        let verdicts = judge.verdicts(store, pending, None, &sweeps, now).await?;
        went_on |= store.judge(judge.read(), &verdicts, None, now).await?.is_some_and(|count| count > 0);
    }
    if !sweeps.is_empty() {
        went_on |= Box::pin(sweep_on(store, &judge, &sweeps, now)).await?;
    }
    Ok(went_on)
}

/// Judges the next customers of the first sweep, also by the other sweeps. Whether that was written.
async fn sweep_on(store: &dyn Store, judge: &Judge, sweeps: &[Sweep], now: Timestamp) -> Result<bool> {
    let sweep = sweeps[0];
    let gone = !judge.has(sweep.segment);
    let page = match gone {
        true => store.list_segment_members(sweep.segment, sweep.after, BATCH).await?,
        false => customers(store, sweep).await?,
    };
    let ids: Vec<CustomerId> = page.items.iter().map(|(id, _)| id.clone()).collect();
    let judgements = store.judgements(&ids).await?;
    let verdicts = match gone {
        true => {
            let leaves = vec![Crossing { segment: sweep.segment, enters: false, at: sweep.at }];
            let (covers, judged_at) = (Covers::Deleted, now);
            let verdict = |read| Verdict { read, crossings: leaves.clone(), covers, due_at: None, judged_at };
            judgements.into_iter().map(verdict).collect()
        }
        false => judge.verdicts(store, judgements, None, sweeps, now).await?,
    };
    let next = page.items.last().filter(|_| page.more).map(|(_, born)| *born);
    Ok(store.judge(judge.read(), &verdicts, Some((sweep, next)), now).await?.is_some())
}

/// The next customers of a sweep, in the order in which they were created.
async fn customers(store: &dyn Store, sweep: Sweep) -> Result<Page<(CustomerId, crate::domain::Arrival)>> {
    let after = sweep.after.map(|created_seq| CustomerSortKey { key: created_seq.0.into(), created_seq });
    let list = CustomerList {
        filter: CustomerFilter::default(),
        sort: CustomerSort::Created,
        descending: false,
        after,
        limit: BATCH,
    };
    let page = store.list_customers(&list).await?;
    let items = page.items.into_iter().map(|(id, key)| (id, key.created_seq)).collect();
    Ok(Page { items, more: page.more })
}
