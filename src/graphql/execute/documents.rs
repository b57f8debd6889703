//! A cache of parsed and validated documents. Clients send the same few texts again and again, and parsing and
//! validating a text takes longer than all other checks.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument};
use rustc_hash::FxHashMap;

use super::validator;
use crate::graphql::limits::{LimitError, Limits, check_text};

/// The cache keeps at least this many texts and bytes of text, and at most twice as many.
const TEXTS: usize = 256;
const BYTES: usize = 256 * 1024;

/// The cache, by text.
#[derive(Default)]
pub(super) struct Documents(Mutex<Cache>);

/// When `young` is full it becomes `old`, and the previous `old` is dropped. A hit in `old` moves to `young`.
#[derive(Default)]
struct Cache {
    young: FxHashMap<Arc<str>, Arc<Document>>,
    old: FxHashMap<Arc<str>, Arc<Document>>,
    young_bytes: usize,
}

/// A parsed document, and the results of checks that do not depend on variables.
#[derive(Debug)]
pub(super) struct Document {
    parsed: ExecutableDocument,
    /// Results for one operation of several need not hold for the others, so only documents with one operation
    /// remember them.
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

    /// Whether it is known to be within the limits with any variables.
    pub(super) fn is_small(&self) -> bool {
        self.small.load(Ordering::Relaxed)
    }

    /// Remembers that it is within the limits with any variables.
    pub(super) fn found_small(&self) {
        self.small.store(self.one_operation, Ordering::Relaxed);
    }

    /// Whether its text is known to satisfy the specification, apart from variables.
    pub(super) fn is_sound(&self) -> bool {
        self.sound.load(Ordering::Relaxed)
    }

    /// Remembers that its text satisfies the specification.
    pub(super) fn found_sound(&self) {
        self.sound.store(true, Ordering::Relaxed);
    }

    /// Whether it is known to be valid, apart from the values of variables.
    pub(super) fn is_valid(&self) -> bool {
        self.valid.load(Ordering::Relaxed)
    }

    /// Remembers that it is valid.
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

/// Why a text cannot be parsed.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is too long, or nested too deep, to be parsed.
    Limit(LimitError),
    /// It is not GraphQL.
    Syntax(async_graphql::parser::Error),
}

impl Documents {
    /// The document of a text. A text that was parsed before is within the limits that do not depend on variables.
    pub(super) fn read(&self, text: &str, limits: &Limits) -> Result<Arc<Document>, Unreadable> {
        if let Some(known) = self.cache().get(text) {
            return Ok(known);
        }
        check_text(text, limits).map_err(Unreadable::Limit)?;
        let mut parsed = parse_query(text).map_err(Unreadable::Syntax)?;
        validator::show_directives(&mut parsed);
        let document = Arc::new(Document::new(parsed));
        self.cache().put(text.into(), document.clone());
        Ok(document)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
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
    fn the_cache_is_bounded_in_number_and_in_bytes() {
        let (documents, limits) = (Documents::default(), Limits::default());
        let bounded = || {
            let cache = documents.cache();
            let bytes = |texts: &FxHashMap<Arc<str>, _>| texts.keys().map(|text| text.len()).sum::<usize>();
            cache.young.len() + cache.old.len() <= 2 * TEXTS && bytes(&cache.young) + bytes(&cache.old) <= 2 * BYTES
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
    fn a_refused_text_is_refused_again() {
        let (documents, limits) = (Documents::default(), Limits { tokens: 3, ..Limits::default() });
        for _ in 0..2 {
            assert!(matches!(documents.read("{ a b c }", &limits), Err(Unreadable::Limit(_))));
            assert!(matches!(documents.read("{ a", &limits), Err(Unreadable::Syntax(_))));
        }
    }
}
