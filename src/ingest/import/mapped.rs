//! Reads a file through a mapping: for an import, and for a trial that stores nothing.

use std::sync::{Arc, Mutex, PoisonError};

use super::{ImportFault, ImportFrom, Place, Remark, reason};
use crate::ingest::active_rules::SharedRules;
use crate::ingest::clock::{self, Clock};
use crate::ingest::event::{Origin, Read, Rejected};
use crate::ingest::lines::Input;
use crate::ingest::mapping::Mapping;
pub(super) use crate::ingest::mapping::events::Unread;
use crate::ingest::mapping::events::{Group, MappedFile, Step};
use crate::ingest::mapping::reconciliation::Reconciliation;
use crate::ingest::mapping::rows::FileFormat;
use crate::ingest::message_id::Occurrences;
use crate::ingest::outcome::EventOutcome;
use crate::settings::Settings;

/// Reads one file.
pub(super) struct Reader {
    pub(super) rules: SharedRules,
    pub(super) clock: Clock,
    pub(super) origin: Origin,
    /// Its path as given.
    pub(super) file: String,
    pub(super) reconciliation: Arc<Mutex<Reconciliation>>,
    /// Whether people and message ids are counted too, which takes memory.
    pub(super) all: bool,
}

/// An event of a row, or none.
pub(super) enum Outcome<'a> {
    /// What was read, and its JSON.
    Read(Box<Read>, &'a str),
    Rejected(Rejected),
}

impl Reader {
    /// Calls `take` with each event and each reject, in the order of the rows, until it says no.
    pub(super) fn run(
        &mut self,
        input: Input,
        format: FileFormat,
        mapping: Arc<Mapping>,
        mut take: impl FnMut(Place, Outcome<'_>) -> bool,
    ) -> Result<(), Unread> {
        let mut file = MappedFile::open(input, format, mapping, self.file.clone())?;
        let mut occurrences = Occurrences::default();
        self.sums().file();
        while let Some(step) = file.next()? {
            self.origin.now = Some((self.clock)());
            let group = match step {
                Step::Reject(row, problem) => {
                    Group { first_row: row, rows: 1, events: vec![Err(problem)], ..Group::default() }
                }
                Step::Group(group) => group,
            };
            self.sums().group(&self.file, &group);
            let several = group.events.len() > 1;
            for (i, made) in group.events.into_iter().enumerate() {
                let place = Place { line: group.first_row, event: several.then_some(i) };
                let read = match made {
                    Err(problem) => Err(Rejected { message_id: None, problems: vec![problem] }),
                    Ok(made) => {
                        self.origin.orders = made.orders.clone();
                        let read = self.rules.active().reader.read(&made.json, &self.origin, &mut occurrences);
                        read.map(|read| (read, made))
                    }
                };
                let goes_on = match read {
                    Ok((mut read, made)) => {
                        read.fact.consents.extend(made.consents);
                        let is_first = {
                            let mut sums = self.sums();
                            let is_first = !(self.all && made.has_id)
                                || sums.is_first(&read.fact.message_id, &self.file, place.line);
                            if is_first {
                                sums.event(read.fact.at, made.money.as_ref(), &self.file, place.line);
                                sums.warned += u64::from(!read.problems.is_empty());
                            }
                            if self.all {
                                sums.person(read.fact.identifiers.iter().map(|identifier| &identifier.key));
                            }
                            is_first
                        };
                        // A trial shows each event once. An import finds out from the store.
                        !is_first || take(place, Outcome::Read(Box::new(read), &made.json))
                    }
                    Err(rejected) => {
                        self.sums().reject();
                        take(place, Outcome::Rejected(rejected))
                    }
                };
                if !goes_on {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn sums(&self) -> std::sync::MutexGuard<'_, Reconciliation> {
        self.reconciliation.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads files through a mapping and stores nothing.
pub struct Trial {
    reader: Reader,
    mapping: Arc<Mapping>,
    format: FileFormat,
}

impl Trial {
    /// With the rules of these settings.
    pub fn new(settings: &Settings, mapping: Arc<Mapping>, format: FileFormat, source: Option<Arc<str>>) -> Self {
        let source = source.unwrap_or_else(|| mapping.source.clone());
        let reader = Reader {
            rules: SharedRules::new(settings),
            clock: clock::system(),
            origin: Origin::import(Some(source.clone()), source),
            file: String::new(),
            reconciliation: Arc::default(),
            all: true,
        };
        Trial { reader, mapping, format }
    }

    /// Reads one file. `event` gets the JSON of each event, `remark` what is said of some.
    ///
    /// # Errors
    /// When it cannot be read, or the mapping does not fit it.
    pub fn run(
        &mut self,
        from: &ImportFrom,
        mut event: impl FnMut(&str),
        mut remark: impl FnMut(&Remark) -> std::io::Result<()>,
    ) -> Result<(), ImportFault> {
        let unreadable =
            |fault: std::io::Error| ImportFault::Unreadable { name: from.to_string(), reason: reason(&fault) };
        let input = from.open().map_err(unreadable)?;
        self.reader.file = from.to_string();
        let file = from.file_name();
        let mut told = Ok(());
        let outcome = self.reader.run(input, self.format, self.mapping.clone(), |place, outcome| {
            match outcome {
                Outcome::Read(read, json) => {
                    event(json);
                    if !read.problems.is_empty() {
                        let mut outcome = EventOutcome::rejected(Rejected {
                            message_id: Some(read.fact.message_id.clone()),
                            problems: read.problems,
                        });
                        outcome.status = crate::ingest::EventStatus::Created;
                        told = remark(&Remark::of(&file, place, &outcome));
                    }
                }
                Outcome::Rejected(rejected) => {
                    told = remark(&Remark::of(&file, place, &EventOutcome::rejected(rejected)));
                }
            }
            told.is_ok()
        });
        told.map_err(|fault| ImportFault::Rejects(reason(&fault)))?;
        outcome.map_err(|fault| match fault {
            Unread::Io(fault) => unreadable(fault),
            Unread::Mapping(reason) => ImportFault::Mapping { name: from.to_string(), reason },
        })
    }

    /// The figures of all files so far.
    pub fn reconciliation(&self) -> std::sync::MutexGuard<'_, Reconciliation> {
        self.reader.sums()
    }
}
