//! Joins the events of many calls into batches, so that small calls share a commit.
//!
//! One task writes. While it waits for a commit, calls wait in a queue, and the next batch takes as many calls as fit.
//! Each call gets its answer when its own events are safe, not earlier. Events are also written when their caller has
//! gone.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::RawValue;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::active_rules::SharedRules;
use super::clock::{self, Clock};
use super::event::{Origin, Read, Reader};
use super::message_id::Occurrences;
use super::outcome::{EventOutcome, EventStatus, Ingested};
use super::store::IngestStore;
use super::visits::Assigned;
use super::writer::{BATCH, Writer};
use crate::domain::rules::{IdentityRules, WrittenRules};
use crate::domain::{Duration, ProblemCode};
use crate::settings::Settings;
use crate::stitching::{DecisionRequest, Outcome};
use crate::store::rules::RulesInForce;
use crate::store::{Applied, AppliedDecision, StoreError};

/// Takes events. It is cheap to share. A process has one per store.
pub struct Ingest {
    writer: Writer,
    queue: Mutex<Option<mpsc::Sender<Call>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The number of calls in the queue.
const QUEUED_CALLS: usize = 256;

/// What happens to a call when the queue is full.
#[derive(Clone, Copy, Debug)]
enum Full {
    /// It waits until there is space.
    Waits,
    /// It fails.
    Refuses,
}

/// One call's facts, and the channel for its answer.
struct Call {
    reads: Vec<Read>,
    reply: oneshot::Sender<Result<Applied, StoreError>>,
}

impl Ingest {
    /// Begins to take events, with the machine's clock. It must be called in a Tokio runtime.
    pub fn new(store: impl IngestStore, settings: &Settings) -> Self {
        Self::with_clock(store, settings, clock::system())
    }

    /// As [`new`](Self::new), with another clock.
    pub fn with_clock(store: impl IngestStore, settings: &Settings, clock: Clock) -> Self {
        let writer = Writer { store: Arc::new(store), rules: SharedRules::new(settings), clock };
        let (queue, calls) = mpsc::channel(QUEUED_CALLS);
        let task = tokio::spawn(serve(writer.clone(), calls));
        Ingest { writer, queue: Mutex::new(Some(queue)), task: Mutex::new(Some(task)) }
    }

    /// The reader, for callers that normalise an identifier before a look-up.
    pub fn reader(&self) -> Arc<Reader> {
        self.writer.rules.active().reader.clone()
    }

    /// Uses these settings for later events: `[[event]]`, `[[channel]]` and `[privacy] unsubscribe`. The identity rules
    /// in force stay. Events that were read before do not change.
    pub fn reload(&self, settings: &Settings) {
        self.writer.rules.reload(settings);
    }

    /// The clock for new events.
    pub fn clock(&self) -> &Clock {
        &self.writer.clock
    }

    /// Reads the store's newest rules and uses these from now on. When there are none, the rules of the settings become
    /// the first version.
    ///
    /// # Errors
    /// When the store is away or fails, or a newer program saved its rules.
    pub async fn newest_rules(&self) -> Result<RulesInForce, StoreError> {
        self.writer.rules.renew(&*self.writer.store, &self.writer.clock).await
    }

    /// As [`newest_rules`](Self::newest_rules), and writes nothing: without saved rules, those of the settings apply.
    ///
    /// # Errors
    /// As for `newest_rules`.
    pub async fn saved_rules(&self) -> Result<(), StoreError> {
        match self.writer.store.rules().await? {
            Some(_) => self.newest_rules().await.map(drop),
            None => Ok(()),
        }
    }

    /// The most identifiers of one customer, by the present rules.
    pub fn max_identifiers(&self) -> usize {
        self.writer.rules.active().rules.max_identifiers
    }

    /// The gap between two touchpoints that ends a session, by the present rules.
    pub fn session_gap(&self) -> Duration {
        self.writer.rules.active().session_gap()
    }

    /// The rules for identities, by the present version.
    pub fn rules(&self) -> IdentityRules {
        self.writer.rules.active().rules.clone()
    }

    /// The same rules, as people write them.
    pub fn written_rules(&self) -> WrittenRules {
        self.writer.rules.active().written().clone()
    }

    /// The settings' own rules.
    pub fn settings_rules(&self) -> WrittenRules {
        self.writer.rules.of_settings()
    }

    /// Takes events. Returns one outcome each, in order, when all events are safe.
    ///
    /// # Errors
    /// When the store is away or fails: nothing is acknowledged, part of the events may be stored,
    /// and the same call again is safe.
    pub async fn events(&self, events: Vec<serde_json::Value>, origin: Origin) -> Result<Ingested, StoreError> {
        let texts: Vec<String> = events.iter().map(ToString::to_string).collect();
        self.take(texts.iter().map(String::as_str), &origin, Full::Waits).await
    }

    /// As [`events`](Self::events), for events that are still text.
    ///
    /// # Errors
    /// As for `events`.
    pub async fn raw_events(&self, events: &[&RawValue], origin: &Origin) -> Result<Ingested, StoreError> {
        self.take(events.iter().map(|event| event.get()), origin, Full::Waits).await
    }

    /// As [`events`](Self::events), for events that are still text. When the queue is full it does not wait.
    ///
    /// # Errors
    /// As for `events`; [`Busy`](StoreError::Busy) when the queue is full, and then nothing is stored.
    pub async fn offer(&self, events: &[String], origin: &Origin) -> Result<Ingested, StoreError> {
        self.take(events.iter().map(String::as_str), origin, Full::Refuses).await
    }

    /// Writes a person's decision, with the same rules and clock as events.
    ///
    /// # Errors
    /// When the store is away or fails. Problems of the request itself are in the answer.
    pub async fn decide(&self, ruling: &DecisionRequest, trial: bool) -> Result<AppliedDecision, StoreError> {
        let Writer { store, rules, clock } = &self.writer;
        let mut decided = match store.decide(&rules.active().rules, ruling, clock(), trial).await {
            Err(StoreError::RulesChanged(_)) => {
                rules.renew(&**store, clock).await?;
                store.decide(&rules.active().rules, ruling, clock(), trial).await
            }
            decided => decided,
        }?;
        decided.change = self.writer.assign_own_visits(&decided.devices, decided.change).await;
        Ok(decided)
    }

    /// Waits until the store was set up.
    pub async fn until_set_up(&self) {
        self.writer.store.until_set_up().await;
    }

    /// Assigns all recorded visits on shared devices, or until `stop` says so.
    ///
    /// # Errors
    /// When the store is away or fails. The visits assigned before this stay assigned.
    pub async fn assign_visits(&self, stop: impl Fn() -> bool) -> Result<Assigned, StoreError> {
        self.writer.assign_visits(&[], usize::MAX, stop).await
    }

    /// Accepts no more calls, writes the waiting calls, and returns when all are safe.
    pub async fn close(&self) {
        drop(lock(&self.queue).take());
        let task = lock(&self.task).take();
        if let Some(task) = task
            && task.await.is_err()
        {
            tracing::error!("the task that writes events ended with a fault");
        }
    }

    async fn take<'e>(
        &self,
        events: impl Iterator<Item = &'e str>,
        origin: &Origin,
        full: Full,
    ) -> Result<Ingested, StoreError> {
        let mut occurrences = Occurrences::default();
        let mut reads = Vec::new();
        // One per event: rejected, or the id and the warnings of the read event.
        let mut pending = Vec::new();
        let active = self.writer.rules.active();
        for text in events {
            match active.reader.read(text, origin, &mut occurrences) {
                Ok(mut read) => {
                    let problems = std::mem::take(&mut read.problems);
                    pending.push(Ok((read.fact.message_id.clone(), problems)));
                    reads.push(read);
                }
                Err(rejected) => pending.push(Err(rejected)),
            }
        }
        let applied = if reads.is_empty() {
            Applied { change: self.writer.store.last_change().await?, outcomes: Vec::new(), devices: Vec::new() }
        } else {
            self.queue(reads, full).await?
        };
        let mut outcomes = applied.outcomes.into_iter();
        let outcomes = pending.into_iter().map(|pending| match pending {
            Err(rejected) => EventOutcome::rejected(rejected),
            Ok((message_id, problems)) => {
                let outcome = outcomes.next().unwrap_or(Outcome::Refused { reason: "no outcome".into() });
                EventOutcome::of(outcome, message_id, problems)
            }
        });
        let outcomes: Vec<EventOutcome> = outcomes.collect();
        count(&outcomes, origin.way);
        let change = self.writer.assign_own_visits(&applied.devices, applied.change).await;
        Ok(Ingested { change, outcomes })
    }

    async fn queue(&self, reads: Vec<Read>, full: Full) -> Result<Applied, StoreError> {
        let closing = || StoreError::Away("this server is shutting down".into());
        let queue = lock(&self.queue).clone().ok_or_else(closing)?;
        let (reply, answer) = oneshot::channel();
        let call = Call { reads, reply };
        match full {
            Full::Waits => queue.send(call).await.map_err(|_| closing())?,
            Full::Refuses => queue.try_send(call).map_err(|refused| match refused {
                TrySendError::Full(_) => StoreError::Busy(format!("{QUEUED_CALLS} calls wait to be written")),
                TrySendError::Closed(_) => closing(),
            })?,
        }
        // Otherwise `close` would wait until this call is dropped.
        drop(queue);
        answer.await.unwrap_or_else(|_| Err(closing()))
    }
}

/// After a panic the lock is still usable: its value is always replaced as a whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes calls until all senders are dropped and the queue is empty.
async fn serve(writer: Writer, mut calls: mpsc::Receiver<Call>) {
    let mut held = None;
    loop {
        let Some(first) = (match held.take() {
            Some(call) => Some(call),
            None => calls.recv().await,
        }) else {
            return;
        };
        let mut size = first.reads.len();
        let mut joined = vec![first];
        while size < BATCH {
            match calls.try_recv() {
                Ok(call) if size + call.reads.len() <= BATCH => {
                    size += call.reads.len();
                    joined.push(call);
                }
                Ok(call) => {
                    held = Some(call);
                    break;
                }
                Err(_) => break,
            }
        }
        metrics::histogram!("throughline_ingest_batch_events").record(size as f64);
        write(&writer, joined).await;
    }
}

/// Writes joined calls and sends each call its own outcomes.
async fn write(writer: &Writer, calls: Vec<Call>) {
    let mut reads = Vec::new();
    let mut replies = Vec::with_capacity(calls.len());
    for call in calls {
        replies.push((call.reads.len(), call.reply));
        reads.extend(call.reads);
    }
    // In a task of its own: a panic fails this batch only, and later batches are written.
    let writer = writer.clone();
    let written = tokio::spawn(async move { write_by_batches(&writer, reads).await }).await;
    let written = written.unwrap_or_else(|_| {
        tracing::error!("a batch of events met a fault of the program");
        Err(StoreError::Data("a batch of events met a fault of the program".into()))
    });
    match written {
        Ok(applied) => {
            let mut outcomes = applied.outcomes.into_iter();
            for (count, reply) in replies {
                let outcomes = outcomes.by_ref().take(count).collect();
                let own = Applied { change: applied.change, outcomes, devices: applied.devices.clone() };
                // An error here means that the caller has gone.
                let _ = reply.send(Ok(own));
            }
        }
        Err(fault) => {
            for (_, reply) in replies {
                let _ = reply.send(Err(fault.clone()));
            }
        }
    }
}

/// One call can have more events than a batch.
async fn write_by_batches(writer: &Writer, mut reads: Vec<Read>) -> Result<Applied, StoreError> {
    let mut applied = Applied { change: 0, outcomes: Vec::with_capacity(reads.len()), devices: Vec::new() };
    while !reads.is_empty() {
        let rest = reads.split_off(reads.len().min(BATCH));
        let done = writer.write(reads).await?;
        applied.change = done.change;
        applied.outcomes.extend(done.outcomes);
        applied.devices.extend(done.devices);
        reads = rest;
    }
    Ok(applied)
}

/// Counts outcomes for `/metrics`; its labels are closed lists.
pub(crate) fn count(outcomes: &[EventOutcome], way: &'static str) {
    for status in [EventStatus::Created, EventStatus::Unchanged, EventStatus::Rejected] {
        let number = outcomes.iter().filter(|o| o.status == status).count();
        let outcome = match status {
            EventStatus::Created => "created",
            EventStatus::Unchanged => "unchanged",
            EventStatus::Rejected => "rejected",
        };
        metrics::counter!("throughline_ingest_events_total", "outcome" => outcome, "way" => way)
            .increment(number as u64);
    }
    let suppressed = |outcome: &&EventOutcome| {
        outcome.status == EventStatus::Rejected
            && outcome.problems.first().is_some_and(|problem| problem.code == ProblemCode::Suppressed)
    };
    metrics::counter!("throughline_ingest_suppressed_total", "way" => way)
        .increment(outcomes.iter().filter(suppressed).count() as u64);
}

#[cfg(test)]
mod tests;
