//! Imports a file of events of any length: one thread reads lines, one parses events, and batches are written at the
//! same time. The order is kept. Memory depends on the length of lines, not of files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::active_rules::SharedRules;
use super::clock::{self, Clock};
use super::event::{Origin, Read, Rejected};
use super::json::{Json, Object, as_text};
use super::lines::{Chunk, Input};
use super::mapping::Mapping;
use super::mapping::reconciliation::Reconciliation;
use super::mapping::rows::FileFormat;
use super::message_id::Occurrences;
use super::outcome::{EventOutcome, EventStatus};
use super::pipeline::count;
use super::store::IngestStore;
use super::writer::Writer;
use crate::domain::{Problem, ProblemCode, Timestamp};
use crate::settings::{Settings, SettingsError};
use crate::store::StoreError;
use crate::store::rules::RulesInForce;

/// Imports files into one store under one set of settings.
pub struct Import {
    writer: Writer,
    source: Option<Arc<str>>,
    mapping: Option<(Arc<Mapping>, FileFormat)>,
    reconciliation: Arc<Mutex<Reconciliation>>,
}

/// What is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportFrom {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// The result of a file so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Events that were stored by this import.
    pub created: u64,
    /// Events that were stored before.
    pub unchanged: u64,
    /// Events that were not stored, and lines that are not events.
    pub rejected: u64,
    /// Events that are stored with a warning.
    pub warned: u64,
}

/// The progress of a file.
#[derive(Clone, Copy, Debug)]
pub struct ImportProgress {
    /// The result so far.
    pub counts: ImportCounts,
    /// Bytes read, before they are unpacked.
    pub position: u64,
    /// The bytes of the whole file, if known.
    pub length: Option<u64>,
}

/// The result of a file, also of an incomplete import.
#[derive(Clone, Debug)]
pub struct ImportReport {
    /// The counts.
    pub counts: ImportCounts,
    /// The duration.
    pub took: Duration,
    /// Whether the import was stopped before the end of the file.
    pub stopped: bool,
    /// Why the file could not be read to its end.
    pub fault: Option<ImportFault>,
}

/// An error that ends the import of a file.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ImportFault {
    /// The file cannot be opened or read.
    #[error("{name}: cannot be read: {reason}")]
    Unreadable {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
    /// The store is away or failed. The counted events are safe.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mapping does not fit the file.
    #[error("{name}: does not fit its mapping: {reason}")]
    Mapping {
        /// Which.
        name: String,
        /// Where in the mapping, and why.
        reason: SettingsError,
    },
    /// The list of rejects or that of problems cannot be written.
    #[error("the list of rejects or of problems cannot be written: {0}")]
    Rejects(String),
}

/// An event with problems, or a line that is not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The file's name.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u64,
    /// The index of the event in the line's batch, from 0.
    pub event: Option<usize>,
    /// Whether it is stored.
    pub status: EventStatus,
    /// The event's id, if it has a valid one.
    pub message_id: Option<Arc<str>>,
    /// Its problems. A rejected event has at least one.
    pub problems: Vec<Problem>,
}

/// One problem of one event. Its JSON is one line of the file of problems.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineProblem<'a> {
    /// The file's name.
    pub file: &'a str,
    /// The line, from 1.
    pub line: u64,
    /// The index of the event in the line's batch, from 0; null when the line is one event.
    pub event: Option<usize>,
    /// Whether the event is stored: CREATED, UNCHANGED or REJECTED.
    pub status: &'static str,
    /// The event's id, if it has a valid one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<&'a str>,
    /// The problem and its effect: code, path, message.
    #[serde(flatten)]
    pub problem: &'a Problem,
}

/// An event or a line that was not stored. Its JSON is one line of the file of rejects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reject {
    /// The file's name.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u64,
    /// The index of the event in the line's batch, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<usize>,
    /// The event's id, if it has a valid one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Arc<str>>,
    /// The first problem: code, path, message.
    #[serde(flatten)]
    pub problem: Problem,
    /// The other problems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Problem>,
}

/// The position of an event in the file.
#[derive(Clone, Copy)]
struct Place {
    line: u64,
    event: Option<usize>,
}

/// The parsed events of some lines.
#[derive(Default)]
struct Parsed {
    reads: Vec<(Place, Read)>,
    rejects: Vec<(Place, Rejected)>,
    bytes: usize,
    /// The error after which there are no more lines, if any.
    fault: Option<String>,
    /// Why the mapping does not fit the file.
    unfit: Option<SettingsError>,
}

/// The most bytes of text in a batch: events can be large.
const BATCH_BYTES: usize = 16 << 20;
/// The number of chunks and batches in the queues between threads.
const UNDER_WAY: usize = 3;

impl Import {
    /// Imports with these settings. `source` replaces the source of events.
    pub fn new(store: impl IngestStore, settings: &Settings, source: Option<Arc<str>>) -> Self {
        Self::with_clock(store, settings, source, clock::system())
    }

    /// As [`new`](Self::new), with another clock.
    pub fn with_clock(store: impl IngestStore, settings: &Settings, source: Option<Arc<str>>, clock: Clock) -> Self {
        Import {
            writer: Writer { store: Arc::new(store), rules: SharedRules::new(settings), clock },
            source,
            mapping: None,
            reconciliation: Arc::default(),
        }
    }

    /// Reads files through a mapping.
    #[must_use]
    pub fn through(self, mapping: Arc<Mapping>, format: FileFormat) -> Self {
        let source = self.source.or_else(|| Some(mapping.source.clone()));
        Import { source, mapping: Some((mapping, format)), ..self }
    }

    /// The figures of the files that were read through a mapping, so far.
    pub fn reconciliation(&self) -> std::sync::MutexGuard<'_, Reconciliation> {
        self.reconciliation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses the store's newest rules. When there are none, the rules of the settings become the first version.
    ///
    /// # Errors
    /// When the store is away or fails, or a newer program saved its rules.
    pub async fn newest_rules(&self) -> Result<RulesInForce, StoreError> {
        self.writer.rules.renew(&*self.writer.store, &self.writer.clock).await
    }

    /// Assigns all recorded visits on shared devices, or until `stop` becomes true. Returns whether nothing is left.
    ///
    /// # Errors
    /// When the store is away or fails. A server or the next import continues later.
    pub async fn assign_visits(&self, stop: &watch::Receiver<bool>) -> Result<bool, StoreError> {
        Ok(self.writer.assign_visits(&[], usize::MAX, || *stop.borrow()).await?.done)
    }

    /// Imports one file to its end, or until `stop` becomes true; then it finishes the present batch. It calls
    /// `progress` after each batch and `remark` for each event with problems.
    pub async fn run(
        &self,
        from: &ImportFrom,
        stop: &mut watch::Receiver<bool>,
        mut progress: impl FnMut(ImportProgress),
        mut remark: impl FnMut(&Remark) -> io::Result<()>,
    ) -> ImportReport {
        let begun = Instant::now();
        let mut report =
            ImportReport { counts: ImportCounts::default(), took: Duration::ZERO, stopped: false, fault: None };
        let name = from.name();
        match from.open() {
            Ok(input) => {
                let (position, length) = (input.position.clone(), input.length);
                let mut parsed = match &self.mapping {
                    None => self.read(input, &name),
                    Some((mapping, format)) => self.read_mapped(input, &name, mapping.clone(), *format, from),
                };
                let outcome = self.write(from, &mut parsed, stop, &mut report, &mut remark, |counts| {
                    progress(ImportProgress { counts, position: position.load(Ordering::Relaxed), length });
                });
                let outcome = outcome.await;
                report.fault = outcome.err();
            }
            Err(fault) => {
                report.fault = Some(ImportFault::Unreadable { name: from.to_string(), reason: reason(&fault) });
            }
        }
        report.took = begun.elapsed();
        report
    }

    async fn write(
        &self,
        from: &ImportFrom,
        parsed: &mut mpsc::Receiver<Parsed>,
        stop: &mut watch::Receiver<bool>,
        report: &mut ImportReport,
        remark: &mut impl FnMut(&Remark) -> io::Result<()>,
        mut progress: impl FnMut(ImportCounts),
    ) -> Result<(), ImportFault> {
        let file = from.file_name();
        loop {
            let batch = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => {
                    report.stopped = true;
                    return Ok(());
                }
                batch = parsed.recv() => batch,
            };
            let Some(Parsed { reads, rejects, fault, unfit, .. }) = batch else { return Ok(()) };
            let mut outcomes: Vec<(Place, EventOutcome)> =
                rejects.into_iter().map(|(place, rejected)| (place, EventOutcome::rejected(rejected))).collect();
            outcomes.extend(self.write_batch(reads).await?);
            let mut counts = Vec::with_capacity(outcomes.len());
            for (place, outcome) in outcomes {
                report.counts.add(&outcome);
                if outcome.status == EventStatus::Rejected || !outcome.problems.is_empty() {
                    let told = remark(&Remark::of(&file, place, &outcome));
                    told.map_err(|fault| ImportFault::Rejects(reason(&fault)))?;
                }
                counts.push(outcome);
            }
            count(&counts, "import");
            progress(report.counts);
            if let Some(unfit) = unfit {
                return Err(ImportFault::Mapping { name: from.to_string(), reason: unfit });
            }
            if let Some(reason) = fault {
                return Err(ImportFault::Unreadable { name: from.to_string(), reason });
            }
        }
    }

    async fn write_batch(&self, reads: Vec<(Place, Read)>) -> Result<Vec<(Place, EventOutcome)>, StoreError> {
        if reads.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = Vec::with_capacity(reads.len());
        let mut facts = Vec::with_capacity(reads.len());
        for (place, mut read) in reads {
            known.push((place, read.fact.message_id.clone(), std::mem::take(&mut read.problems)));
            facts.push(read);
        }
        let applied = self.writer.write(facts).await?;
        let outcomes = known.into_iter().zip(applied.outcomes);
        Ok(outcomes.map(|((place, id, problems), outcome)| (place, EventOutcome::of(outcome, id, problems))).collect())
    }

    /// Starts the thread that reads rows and makes events of them. It ends when the receiver is dropped.
    fn read_mapped(
        &self,
        input: Input,
        name: &Arc<str>,
        mapping: Arc<Mapping>,
        format: FileFormat,
        from: &ImportFrom,
    ) -> mpsc::Receiver<Parsed> {
        let (parsed, to_write) = mpsc::channel(UNDER_WAY);
        let mut reader = mapped::Reader {
            rules: self.writer.rules.clone(),
            clock: self.writer.clock.clone(),
            origin: Origin::import(self.source.clone(), name.clone()),
            file: from.to_string(),
            reconciliation: self.reconciliation.clone(),
            all: false,
        };
        let size = self.writer.store.batch_size();
        thread::spawn(move || {
            let mut batch = Parsed::default();
            let outcome = reader.run(input, format, mapping, |place, read| {
                match read {
                    mapped::Outcome::Read(read, json) => {
                        batch.bytes += json.len();
                        batch.reads.push((place, *read));
                    }
                    mapped::Outcome::Rejected(rejected) => batch.rejects.push((place, rejected)),
                }
                !batch.is_full(size) || parsed.blocking_send(std::mem::take(&mut batch)).is_ok()
            });
            match outcome {
                Err(mapped::Unread::Io(fault)) => batch.fault = Some(reason(&fault)),
                Err(mapped::Unread::Mapping(fault)) => batch.unfit = Some(fault),
                Ok(()) => {}
            }
            // An error here means that the writer has ended.
            let _ = parsed.blocking_send(batch);
        });
        to_write
    }

    /// Starts the two threads that read lines and parse events. They end when the receiver is dropped.
    fn read(&self, input: Input, name: &Arc<str>) -> mpsc::Receiver<Parsed> {
        let (chunks, to_parse) = std::sync::mpsc::sync_channel::<Result<Chunk, io::Error>>(UNDER_WAY);
        let (parsed, to_write) = mpsc::channel(UNDER_WAY);
        thread::spawn(move || {
            let outcome = input.chunks(|chunk| chunks.send(Ok(chunk)).is_ok());
            if let Err(fault) = outcome {
                // An error here means that the parser has ended.
                let _ = chunks.send(Err(fault));
            }
        });
        let origin = Origin::import(self.source.clone(), name.clone());
        let mut parser = Parser {
            rules: self.writer.rules.clone(),
            clock: self.writer.clock.clone(),
            origin,
            occurrences: Occurrences::default(),
            batch_size: self.writer.store.batch_size(),
        };
        thread::spawn(move || parser.run(&to_parse, &parsed));
        to_write
    }
}

/// Parses lines, on a thread of its own.
struct Parser {
    rules: SharedRules,
    clock: Clock,
    origin: Origin,
    occurrences: Occurrences,
    batch_size: usize,
}

impl Parser {
    fn run(&mut self, chunks: &std::sync::mpsc::Receiver<io::Result<Chunk>>, out: &mpsc::Sender<Parsed>) {
        use std::sync::mpsc::RecvTimeoutError;
        // Events from a slow pipe do not wait for a full batch.
        const PATIENCE: Duration = Duration::from_millis(200);
        let mut batch = Parsed::default();
        loop {
            match chunks.recv_timeout(PATIENCE) {
                Ok(Ok(chunk)) => {
                    self.origin.now = Some((self.clock)());
                    for (line, bytes) in chunk.lines() {
                        self.line(line, bytes, &mut batch);
                        if batch.is_full(self.batch_size) && out.blocking_send(std::mem::take(&mut batch)).is_err() {
                            return;
                        }
                    }
                }
                Ok(Err(fault)) => {
                    batch.fault = Some(reason(&fault));
                    // An error here means that the writer has ended.
                    let _ = out.blocking_send(batch);
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {
                    if !batch.is_empty() && out.blocking_send(std::mem::take(&mut batch)).is_err() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    if !batch.is_empty() {
                        let _ = out.blocking_send(batch);
                    }
                    return;
                }
            }
        }
    }

    fn line(&mut self, line: u64, bytes: Option<&[u8]>, batch: &mut Parsed) {
        let place = Place { line, event: None };
        let refuse = |code, message: &str| Rejected { message_id: None, problems: vec![Problem::whole(code, message)] };
        let Some(bytes) = bytes else {
            batch.rejects.push((place, refuse(ProblemCode::TooLarge, "a line longer than 1 MiB")));
            return;
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            batch.rejects.push((place, refuse(ProblemCode::NotAnEvent, "bytes that are not UTF-8")));
            return;
        };
        for text in at_marks(text) {
            self.text(place, text.trim(), batch);
        }
    }

    fn text(&mut self, place: Place, text: &str, batch: &mut Parsed) {
        let line = place.line;
        if text.is_empty() {
            return;
        }
        batch.bytes += text.len();
        match Envelope::of(text) {
            Some(envelope) => {
                let outer = self.origin.clone();
                self.origin.sent_at = envelope.sent_at;
                for (i, event) in envelope.events.into_iter().enumerate() {
                    self.event(Place { line, event: Some(i) }, event, batch);
                }
                self.origin = outer;
            }
            None => self.event(place, text, batch),
        }
    }

    fn event(&mut self, place: Place, text: &str, batch: &mut Parsed) {
        match self.rules.active().reader.read(text, &self.origin, &mut self.occurrences) {
            Ok(read) => batch.reads.push((place, read)),
            Err(rejected) => batch.rejects.push((place, rejected)),
        }
    }
}

/// A line, split at each byte order mark. Such a mark is the beginning of another file that was appended. In JSON it
/// can only occur inside a text.
fn at_marks(line: &str) -> impl Iterator<Item = &str> {
    const MARK: char = '\u{feff}';
    let mut rest = Some(line);
    let is_marked = line.contains(MARK);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        if !is_marked {
            return Some(text);
        }
        let (mut in_text, mut escaped) = (false, false);
        let end = text.char_indices().find(|(_, c)| {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = in_text,
                '"' => in_text = !in_text,
                _ => {}
            }
            *c == MARK && !in_text
        });
        let Some((end, _)) = end else { return Some(text) };
        rest = Some(&text[end + MARK.len_utf8()..]);
        Some(&text[..end])
    })
}

/// A line that is a batch in the form of `/v1/batch`.
struct Envelope<'a> {
    events: Vec<&'a str>,
    sent_at: Option<Timestamp>,
}

impl<'a> Envelope<'a> {
    /// `None` for an event, and for a line that is not JSON.
    fn of(text: &'a str) -> Option<Self> {
        // Most lines do not have the word, and need not be parsed twice.
        if !text.contains("\"batch\"") {
            return None;
        }
        let top = Object::parse(text)?;
        let Json::List(events) = Json::of(top.get("batch").filter(|_| top.get("type").is_none())?) else { return None };
        let sent_at = top.get("sentAt").and_then(as_text).and_then(|text| Timestamp::parse(&text).ok());
        Some(Envelope { events: events.into_iter().map(|event| event.get()).collect(), sent_at })
    }
}

impl Parsed {
    fn is_full(&self, size: usize) -> bool {
        self.reads.len() >= size || self.rejects.len() >= size || self.bytes >= BATCH_BYTES
    }

    fn is_empty(&self) -> bool {
        self.reads.is_empty() && self.rejects.is_empty()
    }
}

impl Remark {
    fn of(file: &Arc<str>, place: Place, outcome: &EventOutcome) -> Self {
        Remark {
            file: file.clone(),
            line: place.line,
            event: place.event,
            status: outcome.status,
            message_id: outcome.message_id.clone(),
            problems: outcome.problems.clone(),
        }
    }

    /// Its entry in the file of rejects; `None` when it is stored.
    pub fn reject(&self) -> Option<Reject> {
        let mut problems = self.problems.iter().cloned();
        let none = || Problem::whole(ProblemCode::NotAnEvent, "rejected");
        (self.status == EventStatus::Rejected).then(|| Reject {
            file: self.file.clone(),
            line: self.line,
            event: self.event,
            message_id: self.message_id.clone(),
            problem: problems.next().unwrap_or_else(none),
            more: problems.collect(),
        })
    }

    /// Its entries in the file of problems.
    pub fn lines(&self) -> impl Iterator<Item = LineProblem<'_>> {
        self.problems.iter().map(|problem| LineProblem {
            file: &self.file,
            line: self.line,
            event: self.event,
            status: self.status.as_str(),
            message_id: self.message_id.as_deref(),
            problem,
        })
    }
}

impl ImportCounts {
    /// All events.
    pub fn events(&self) -> u64 {
        self.created + self.unchanged + self.rejected
    }

    /// Adds another's figures.
    pub fn merge(&mut self, other: &ImportCounts) {
        self.created += other.created;
        self.unchanged += other.unchanged;
        self.rejected += other.rejected;
        self.warned += other.warned;
    }

    fn add(&mut self, outcome: &EventOutcome) {
        match outcome.status {
            EventStatus::Created => self.created += 1,
            EventStatus::Unchanged => self.unchanged += 1,
            EventStatus::Rejected => self.rejected += 1,
        }
        self.warned += u64::from(outcome.status == EventStatus::Created && !outcome.problems.is_empty());
    }
}

impl ImportFrom {
    /// The input of an argument of the command line: `-` is standard input.
    pub fn argument(path: &Path) -> Self {
        if path.as_os_str() == "-" { ImportFrom::Stdin } else { ImportFrom::File(path.to_path_buf()) }
    }

    /// The source of events without a source: the file's name without `.gz`, so a compressed file and its original have
    /// the same source.
    pub fn name(&self) -> Arc<str> {
        let name = self.file_name();
        name.strip_suffix(".gz").filter(|name| !name.is_empty()).map_or(name.clone(), Into::into)
    }

    fn file_name(&self) -> Arc<str> {
        match self {
            ImportFrom::Stdin => "stdin".into(),
            ImportFrom::File(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into(),
        }
    }

    fn open(&self) -> io::Result<Input> {
        match self {
            ImportFrom::Stdin => Ok(Input::stdin()),
            ImportFrom::File(path) => Input::file(path),
        }
    }
}

impl std::fmt::Display for ImportFrom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ImportFrom::Stdin => f.write_str("standard input"),
            ImportFrom::File(path) => path.display().fmt(f),
        }
    }
}

/// The text of the system's error without its number.
fn reason(fault: &io::Error) -> String {
    match fault.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "this user may not read it".into(),
        io::ErrorKind::UnexpectedEof => "it ends in the middle of a gzip stream".into(),
        _ => fault.to_string(),
    }
}

mod mapped;
pub use mapped::Trial;

#[cfg(test)]
mod tests;
