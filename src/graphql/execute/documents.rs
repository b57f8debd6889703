//! Queries that were parsed, and found valid, before: programs ask the same few texts over and over,
//! and reading and validating the text takes longer than all else that is checked about it.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument};
use rustc_hash::FxHashMap;

use super::grammar;
use crate::graphql::limits::{LimitError, Limits, check_text};

/// How many texts, and how many bytes of text, are kept at the least; at the most twice as many.
const TEXTS: usize = 256;
const BYTES: usize = 256 * 1024;

/// Documents by their text.
#[derive(Default)]
pub(super) struct Documents(Mutex<Kept>);

/// When `young` is full it becomes `old`, and what was old and not asked for since is forgotten.
#[derive(Default)]
struct Kept {
    young: FxHashMap<Arc<str>, Arc<Document>>,
    old: FxHashMap<Arc<str>, Arc<Document>>,
    young_bytes: usize,
}

/// A document, and what was found out about it that is so each time.
#[derive(Debug)]
pub(super) struct Document {
    parsed: ExecutableDocument,
    /// Not all that is said of a document of several operations holds for each of them: nothing is
    /// remembered of it.
    one_operation: bool,
    small: AtomicBool,
    sound: AtomicBool,
    valid: AtomicBool,
}

impl Document {
    fn new(parsed: ExecutableDocument) -> Self {
        let one_operation = match &parsed.operations {
            DocumentOperations::Single(_) => true,
            DocumentOperations::Multiple(operations) => operations.len() == 1,
        };
        let [small, sound, valid] = std::array::from_fn(|_| AtomicBool::new(false));
        Document { parsed, one_operation, small, sound, valid }
    }

    /// Whether it was found within the limits before, whatever its variables.
    pub(super) fn is_small(&self) -> bool {
        self.small.load(Ordering::Relaxed)
    }

    /// Remembers that it is within the limits, whatever its variables.
    pub(super) fn found_small(&self) {
        self.small.store(self.one_operation, Ordering::Relaxed);
    }

    /// Whether it was found to be as the specification asks before, as far as that hangs on the text alone.
    pub(super) fn is_sound(&self) -> bool {
        self.sound.load(Ordering::Relaxed)
    }

    /// Remembers that it is.
    pub(super) fn found_sound(&self) {
        self.sound.store(true, Ordering::Relaxed);
    }

    /// Whether it was found valid before; the values of variables are not part of that.
    pub(super) fn is_valid(&self) -> bool {
        self.valid.load(Ordering::Relaxed)
    }

    /// Remembers that it was found valid.
    pub(super) fn found_valid(&self) {
        self.valid.store(self.one_operation, Ordering::Relaxed);
    }
}

impl Deref for Document {
    type Target = ExecutableDocument;

    fn deref(&self) -> &ExecutableDocument {
        &self.parsed
    }
}

/// Why a text is no document.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is too long, or nested too deep, to be read at all.
    Limit(LimitError),
    /// It is not GraphQL.
    Syntax(async_graphql::parser::Error),
}

impl Documents {
    /// The document of a text that is within the limits. One that was parsed before was within them
    /// then, so nothing is measured twice; what depends on variables is not asked here.
    pub(super) fn read(&self, text: &str, limits: &Limits) -> Result<Arc<Document>, Unreadable> {
        if let Some(known) = self.kept().get(text) {
            return Ok(known);
        }
        check_text(text, limits).map_err(Unreadable::Limit)?;
        let mut parsed = parse_query(text).map_err(Unreadable::Syntax)?;
        grammar::show_directives(&mut parsed);
        let document = Arc::new(Document::new(parsed));
        self.kept().put(text.into(), document.clone());
        Ok(document)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn get(&mut self, text: &str) -> Option<Arc<Document>> {
        if let Some(document) = self.young.get(text) {
            return Some(document.clone());
        }
        let (text, document) = self.old.remove_entry(text)?;
        self.put(text, document.clone());
        Some(document)
    }

    fn put(&mut self, text: Arc<str>, document: Arc<Document>) {
        if self.young.len() >= TEXTS || self.young_bytes + text.len() > BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += text.len();
        self.young.insert(text, document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_parsed_once_as_long_as_it_is_asked_for() {
        let (documents, limits) = (Documents::default(), Limits::default());
        let first = documents.read("{ a }", &limits).expect("a query");
        for n in 0..10 * TEXTS {
            documents.read(&format!("{{ a{n} }}"), &limits).expect("a query");
            let again = documents.read("{ a }", &limits).expect("a query");
            assert!(Arc::ptr_eq(&first, &again), "after {n} others");
        }
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_in_bytes() {
        let (documents, limits) = (Documents::default(), Limits::default());
        let bounded = || {
            let kept = documents.kept();
            let bytes = |texts: &FxHashMap<Arc<str>, _>| texts.keys().map(|text| text.len()).sum::<usize>();
            kept.young.len() + kept.old.len() <= 2 * TEXTS && bytes(&kept.young) + bytes(&kept.old) <= 2 * BYTES
        };
        for n in 0..10 * TEXTS {
            documents.read(&format!("{{ a{n} }}"), &limits).expect("a query");
            assert!(bounded());
        }
        for n in 0..64 {
            documents.read(&format!("{{ a{n} }} {}", " ".repeat(30_000)), &limits).expect("a query");
            assert!(bounded());
        }
    }

    #[test]
    fn what_is_refused_is_refused_again() {
        let (documents, limits) = (Documents::default(), Limits { tokens: 3, ..Limits::default() });
        for _ in 0..2 {
            assert!(matches!(documents.read("{ a b c }", &limits), Err(Unreadable::Limit(_))));
            assert!(matches!(documents.read("{ a", &limits), Err(Unreadable::Syntax(_))));
        }
    }
}
