//! The projection, read whole from a store: side by side, in short reads.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{try_join, try_join_all};

use super::aside::aside;
use crate::changes::last_visible;
use crate::domain::Arrival;
use crate::journeys::property::Properties;
use crate::journeys::{Builder, Projection, Row};
use crate::store::journeys::{TouchpointSink, Window};
use crate::store::{Result, Store, StoreError};

/// How many rows are read at a time.
const PAGE: usize = 50_000;
/// Into how many pieces the touchpoints are cut: readers take the next piece when they are done with one.
const PIECES: i64 = 512;
/// How often the log says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Why there is none.
#[derive(Debug)]
pub(super) enum Failed {
    /// It would take this much memory with so many touchpoints, and that is too much.
    TooLarge { bytes: u64, touchpoints: u64 },
    /// Of the store.
    Store(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Failed::Store(error)
    }
}

/// What is asked of a build.
pub(super) struct Building<'b> {
    pub(super) store: &'b dyn Store,
    pub(super) properties: &'b Arc<Properties>,
    pub(super) threads: usize,
    /// The most memory, in bytes.
    pub(super) memory: u64,
    /// Told how many touchpoints of about how many were read.
    pub(super) progress: &'b (dyn Fn(u64, u64) + Send + Sync),
}

/// Reads it, as of the change that is answered with it.
pub(super) async fn build(building: &Building<'_>) -> std::result::Result<(Projection, i64), Failed> {
    let began = Instant::now();
    let store = building.store;
    let change = last_visible(store).await?;
    let of = store.status().await?.touchpoints.max(0) as u64;
    (building.progress)(0, of);
    let readers = building.threads.clamp(1, 4);
    // One for each reader, and one for the people, who are read beside.
    let parts: Vec<Part> = (0..=readers).map(|_| Part::new(building.properties.names().into())).collect();
    let scan = Scan { building, change, of, parts: &parts, piece: AtomicUsize::new(0), read: AtomicU64::new(0) };
    let told = Mutex::new(began);
    let people = async { read_people(store, change, &parts[readers]).await.map_err(Failed::Store) };
    try_join(people, try_join_all(parts[..readers].iter().map(|part| scan.touchpoints(part, &told)))).await?;
    let touchpoints = scan.read.load(Ordering::Relaxed);
    let (read, threads) = (began.elapsed(), building.threads);
    let sorted = aside(move || {
        let mut parts = parts.into_iter().map(Part::into_inner);
        let mut whole = parts.next()?;
        parts.for_each(|part| whole.absorb(part));
        Some(whole.finish(threads))
    });
    let broken = || StoreError::Data("the journeys could not be sorted: a fault of the program".into());
    let projection = sorted.await.flatten().ok_or_else(broken)?;
    let bytes = projection.bytes() as u64;
    if bytes > building.memory {
        return Err(Failed::TooLarge { bytes, touchpoints });
    }
    let seconds = began.elapsed().as_secs_f64();
    metrics::gauge!("throughline_journeys_build_seconds").set(seconds);
    tracing::info!(touchpoints, mb = bytes >> 20, seconds, reading = read.as_secs_f64(), change, "journeys were read");
    Ok((projection, change))
}

/// What one reader has read.
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

/// Who holds what, what orders come to, and consents.
async fn read_people(store: &dyn Store, change: i64, part: &Part) -> Result<()> {
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

/// The touchpoints on their way in.
struct Scan<'b> {
    building: &'b Building<'b>,
    change: i64,
    of: u64,
    parts: &'b [Part],
    piece: AtomicUsize,
    read: AtomicU64,
}

impl Scan<'_> {
    /// One reader's work: piece after piece.
    async fn touchpoints(&self, part: &Part, told: &Mutex<Instant>) -> std::result::Result<(), Failed> {
        let into = part.clone();
        let sink: TouchpointSink = Arc::new(Mutex::new(move |row: &Row<'_>| into.lock().row(row)));
        let mut count = 0;
        while let Some(mut window) = self.next_piece() {
            loop {
                let last = self.building.store.scan_touchpoints(window, PAGE, self.building.properties, &sink).await?;
                let now = part.lock().len() as u64;
                let read = self.read.fetch_add(now - count, Ordering::Relaxed) + now - count;
                count = now;
                self.check(read)?;
                self.tell(read, told);
                match last {
                    Some(last) => window.after = last,
                    None => break,
                }
            }
        }
        Ok(())
    }

    fn next_piece(&self) -> Option<Window> {
        let pieces = self.change.min(PIECES);
        let piece = self.piece.fetch_add(1, Ordering::Relaxed) as i64;
        let end = |piece: i64| (i128::from(self.change) * i128::from(piece) / i128::from(pieces.max(1))) as i64;
        let window = (piece < pieces).then(|| Window::of_changes(end(piece), end(piece + 1)))?;
        // Arrivals begin with 0 before there are changes.
        Some(if piece == 0 { Window { after: Arrival(-1), ..window } } else { window })
    }

    fn check(&self, touchpoints: u64) -> std::result::Result<(), Failed> {
        let bytes: u64 = self.parts.iter().map(|part| part.lock().bytes() as u64).sum();
        match bytes > self.building.memory {
            true => Err(Failed::TooLarge { bytes, touchpoints }),
            false => Ok(()),
        }
    }

    fn tell(&self, read: u64, told: &Mutex<Instant>) {
        (self.building.progress)(read, self.of);
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            tracing::info!(read, of = self.of, "journeys are being read");
        }
    }
}
