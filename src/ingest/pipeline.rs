//! Events of many calls into one store, so that small calls share a commit.
//!
//! One task writes. While it waits for a commit calls queue up, and the next batch takes as many of
//! them as fit. Each call is answered when its own events are safe, and not before; one whose
//! caller went away is written all the same.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::RawValue;
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
use crate::domain::Duration;
use crate::domain::rules::{IdentityRules, WrittenRules};
use crate::settings::Settings;
use crate::stitching::{DecisionRequest, Outcome};
use crate::store::rules::RulesInForce;
use crate::store::{Applied, AppliedDecision, StoreError};

/// Takes events in. Cheap to share; one for a process and store.
pub struct Ingest {
    writer: Writer,
    queue: Mutex<Option<mpsc::Sender<Call>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// How many calls wait before further ones wait to get in.
const QUEUED_CALLS: usize = 256;

/// One call's facts, and whom to tell.
struct Call {
    reads: Vec<Read>,
    reply: oneshot::Sender<Result<Applied, StoreError>>,
}

impl Ingest {
    /// Begins to take events, by the machine's clock. Needs a Tokio runtime to be called in.
    pub fn new(store: impl IngestStore, settings: &Settings) -> Self {
        Self::with_clock(store, settings, clock::system())
    }

    /// As [`new`](Self::new), by another clock.
    pub fn with_clock(store: impl IngestStore, settings: &Settings, clock: Clock) -> Self {
        let writer = Writer { store: Arc::new(store), rules: SharedRules::new(settings), clock };
        let (queue, calls) = mpsc::channel(QUEUED_CALLS);
        let task = tokio::spawn(serve(writer.clone(), calls));
        Ingest { writer, queue: Mutex::new(Some(queue)), task: Mutex::new(Some(task)) }
    }

    /// The reader, for those who normalise an identifier before they look it up.
    pub fn reader(&self) -> Arc<Reader> {
        self.writer.rules.active().reader.clone()
    }

    /// Reads events by these settings from now on: `[[event]]`, `[[channel]]` and `[privacy] unsubscribe`. The
    /// identity rules stay those in force. What was taken before stays as it was read.
    pub fn reload(&self, settings: &Settings) {
        self.writer.rules.reload(settings);
    }

    /// The clock that events are taken in by.
    pub fn clock(&self) -> &Clock {
        &self.writer.clock
    }

    /// The store's newest rules, by which everything goes from now on. The settings' become the first
    /// version when there is none.
    ///
    /// # Errors
    /// When the store is away or fails, or its rules are of a newer program.
    pub async fn newest_rules(&self) -> Result<RulesInForce, StoreError> {
        self.writer.rules.renew(&*self.writer.store, &self.writer.clock).await
    }

    /// The most identifiers on one customer, by the rules of now.
    pub fn max_identifiers(&self) -> usize {
        self.writer.rules.active().rules.max_identifiers
    }

    /// A longer time between two touchpoints ends a session, by the rules of now.
    pub fn session_gap(&self) -> Duration {
        self.writer.rules.active().session_gap()
    }

    /// What decides between people, by the rules of now.
    pub fn rules(&self) -> IdentityRules {
        self.writer.rules.active().rules.clone()
    }

    /// The settings' own rules.
    pub fn settings_rules(&self) -> WrittenRules {
        self.writer.rules.of_settings()
    }

    /// Takes events; one outcome each, in order, when all of them are safe.
    ///
    /// # Errors
    /// When the store is away or fails: nothing is acknowledged, part of the events may be stored,
    /// and the same call again is safe.
    pub async fn events(&self, events: Vec<serde_json::Value>, origin: Origin) -> Result<Ingested, StoreError> {
        let texts: Vec<String> = events.iter().map(ToString::to_string).collect();
        self.take(texts.iter().map(String::as_str), &origin).await
    }

    /// As [`events`](Self::events), of events that are still text.
    ///
    /// # Errors
    /// As for `events`.
    pub async fn raw_events(&self, events: &[&RawValue], origin: &Origin) -> Result<Ingested, StoreError> {
        self.take(events.iter().map(|event| event.get()), origin).await
    }

    /// What a person decides, under the rules and by the clock that events are taken in by.
    ///
    /// # Errors
    /// When the store is away or fails; what is wrong with the ruling itself is in the answer.
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

    /// Assigns all that is noted of visits on shared devices, or until `stop` says so.
    ///
    /// # Errors
    /// When the store is away or fails; what was assigned until then stands.
    pub async fn assign_visits(&self, stop: impl Fn() -> bool) -> Result<Assigned, StoreError> {
        self.writer.assign_visits(&[], usize::MAX, stop).await
    }

    /// Takes no more calls, writes those that wait, and returns when all is safe.
    pub async fn close(&self) {
        drop(lock(&self.queue).take());
        let task = lock(&self.task).take();
        if let Some(task) = task
            && task.await.is_err()
        {
            tracing::error!("the task that writes events ended with a fault");
        }
    }

    async fn take<'e>(&self, events: impl Iterator<Item = &'e str>, origin: &Origin) -> Result<Ingested, StoreError> {
        let mut occurrences = Occurrences::default();
        let mut reads = Vec::new();
        // One per event: rejected, or the id and the warnings of one that was read.
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
            self.queue(reads).await?
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

    async fn queue(&self, reads: Vec<Read>) -> Result<Applied, StoreError> {
        let closing = || StoreError::Away("this server is shutting down".into());
        let queue = lock(&self.queue).clone().ok_or_else(closing)?;
        let (reply, answer) = oneshot::channel();
        queue.send(Call { reads, reply }).await.map_err(|_| closing())?;
        // Else `close` would wait for this call to be dropped.
        drop(queue);
        answer.await.unwrap_or_else(|_| Err(closing()))
    }
}

/// A lock that a panic left behind is as good as any: what it guards is put in whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes calls until there are no more and nobody can make one.
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

/// Writes joined calls and tells each its own outcomes.
async fn write(writer: &Writer, calls: Vec<Call>) {
    let mut reads = Vec::new();
    let mut replies = Vec::with_capacity(calls.len());
    for call in calls {
        replies.push((call.reads.len(), call.reply));
        reads.extend(call.reads);
    }
    // In a task of its own: a panic in it is this batch's fault and not the end of all writing.
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
                // An error here is a caller that went away.
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
}

#[cfg(test)]
mod tests;
