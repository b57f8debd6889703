//! Builds the projection from a store: several readers in parallel, in short reads.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{try_join, try_join_all};

use super::low_priority::run_low_priority;
use crate::changes::last_visible;
use crate::domain::Arrival;
use crate::journeys::property::Properties;
use crate::journeys::{Builder, Projection, Row};
use crate::store::journeys::{TouchpointSink, Window};
use crate::store::{Result, Store, StoreError};

/// The number of rows of a read.
const PAGE: usize = 50_000;
/// The number of chunks that the touchpoints are cut into. A reader takes the next chunk when it has finished one.
const CHUNKS: i64 = 512;
/// How often progress is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// Why the build failed.
#[derive(Debug)]
pub(super) enum BuildError {
    /// With this number of touchpoints it needs more memory than the limit.
    TooLarge { bytes: u64, touchpoints: u64 },
    /// An error of the store.
    Store(StoreError),
}

impl From<StoreError> for BuildError {
    fn from(error: StoreError) -> Self {
        BuildError::Store(error)
    }
}

/// The parameters of a build.
pub(super) struct BuildOptions<'b> {
    pub(super) store: &'b dyn Store,
    pub(super) properties: &'b Arc<Properties>,
    pub(super) threads: usize,
    /// The maximum memory, in bytes.
    pub(super) memory: u64,
    /// Called with the number of touchpoints read so far, and their total, about.
    pub(super) progress: &'b (dyn Fn(u64, u64) + Send + Sync),
}

/// Builds the projection. The answer has the change that it is as of.
pub(super) async fn build(options: &BuildOptions<'_>) -> std::result::Result<(Projection, i64), BuildError> {
    let began = Instant::now();
    let store = options.store;
    let change = last_visible(store).await?;
    let total = store.status().await?.touchpoints.max(0) as u64;
    (options.progress)(0, total);
    let readers = options.threads.clamp(1, 4);
    // One for each reader of touchpoints, and one for the rest, which is read at the same time.
    let parts: Vec<Part> = (0..=readers).map(|_| Part::new(options.properties.names().into())).collect();
    let scan =
        TouchpointScan { options, change, total, parts: &parts, chunk: AtomicUsize::new(0), read: AtomicU64::new(0) };
    let logged_at = Mutex::new(began);
    let others =
        async { read_memberships_orders_and_consents(store, change, &parts[readers]).await.map_err(BuildError::Store) };
    try_join(others, try_join_all(parts[..readers].iter().map(|part| scan.touchpoints(part, &logged_at)))).await?;
    let touchpoints = scan.read.load(Ordering::Relaxed);
    let (read, threads) = (began.elapsed(), options.threads);
    let sorted = run_low_priority(move || {
        let mut parts = parts.into_iter().map(Part::into_inner);
        let mut whole = parts.next()?;
        parts.for_each(|part| whole.absorb(part));
        Some(whole.finish(threads))
    });
    let broken = || StoreError::Data("the journeys could not be sorted: a fault of the program".into());
    let projection = sorted.await.flatten().ok_or_else(broken)?;
    let bytes = projection.bytes() as u64;
    if bytes > options.memory {
        return Err(BuildError::TooLarge { bytes, touchpoints });
    }
    let seconds = began.elapsed().as_secs_f64();
    metrics::gauge!("throughline_journeys_build_seconds").set(seconds);
    tracing::info!(touchpoints, mb = bytes >> 20, seconds, reading = read.as_secs_f64(), change, "journeys were read");
    Ok((projection, change))
}

/// What one reader has read: a builder of its own.
#[derive(Clone)]
struct Part(Arc<Mutex<Builder>>);

impl Part {
    fn new(dimensions: Arc<[Arc<str>]>) -> Self {
        Part(Arc::new(Mutex::new(Builder::new(dimensions))))
    }

    fn lock(&self) -> MutexGuard<'_, Builder> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_inner(self) -> Builder {
        std::mem::replace(&mut *self.lock(), Builder::new(Arc::new([])))
    }
}

/// Reads memberships, orders and consents.
async fn read_memberships_orders_and_consents(store: &dyn Store, change: i64, part: &Part) -> Result<()> {
    let mut after = None;
    loop {
        let page = store.scan_members(change, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        let mut builder = part.lock();
        page.iter().filter_map(|(id, holder)| Some((id, holder.as_ref()?))).for_each(|(id, c)| builder.member(*id, c));
    }
    let mut after = None;
    loop {
        let page = store.scan_orders(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        let mut builder = part.lock();
        page.iter().for_each(|order| builder.order(order));
    }
    let mut after = None;
    loop {
        let page = store.scan_held_consents(after, PAGE).await?;
        {
            let mut builder = part.lock();
            page.held.iter().for_each(|(id, held)| builder.consents(*id, held));
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// The scan of all touchpoints, which the readers share.
struct TouchpointScan<'b> {
    options: &'b BuildOptions<'b>,
    change: i64,
    total: u64,
    parts: &'b [Part],
    chunk: AtomicUsize,
    read: AtomicU64,
}

impl TouchpointScan<'_> {
    /// The work of one reader: chunk after chunk.
    async fn touchpoints(&self, part: &Part, logged_at: &Mutex<Instant>) -> std::result::Result<(), BuildError> {
        let into = part.clone();
        let sink: TouchpointSink = Arc::new(Mutex::new(move |row: &Row<'_>| into.lock().row(row)));
        let mut count = 0;
        while let Some(mut window) = self.next_chunk() {
            loop {
                let last = self.options.store.scan_touchpoints(window, PAGE, self.options.properties, &sink).await?;
                let now = part.lock().len() as u64;
                let read = self.read.fetch_add(now - count, Ordering::Relaxed) + now - count;
                count = now;
                self.check_memory(read)?;
                self.report(read, logged_at);
                match last {
                    Some(last) => window.after = last,
                    None => break,
                }
            }
        }
        Ok(())
    }

    fn next_chunk(&self) -> Option<Window> {
        let chunks = self.change.min(CHUNKS);
        let chunk = self.chunk.fetch_add(1, Ordering::Relaxed) as i64;
        let end = |chunk: i64| (i128::from(self.change) * i128::from(chunk) / i128::from(chunks.max(1))) as i64;
        let window = (chunk < chunks).then(|| Window::of_changes(end(chunk), end(chunk + 1)))?;
        // Arrivals begin at 0, before the first change.
        Some(if chunk == 0 { Window { after: Arrival(-1), ..window } } else { window })
    }

    fn check_memory(&self, touchpoints: u64) -> std::result::Result<(), BuildError> {
        let bytes: u64 = self.parts.iter().map(|part| part.lock().bytes() as u64).sum();
        match bytes > self.options.memory {
            true => Err(BuildError::TooLarge { bytes, touchpoints }),
            false => Ok(()),
        }
    }

    fn report(&self, read: u64, logged_at: &Mutex<Instant>) {
        (self.options.progress)(read, self.total);
        let mut logged_at = logged_at.lock().unwrap_or_else(PoisonError::into_inner);
        if logged_at.elapsed() >= LOG_INTERVAL {
            *logged_at = Instant::now();
            tracing::info!(read, of = self.total, "journeys are being read");
        }
    }
}
