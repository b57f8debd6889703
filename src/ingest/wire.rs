//! Segment's and RudderStack's wire format: the body of a call, cut into events. Their reader is that of all events.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::value::RawValue;

use super::Ingest;
use super::event::Origin;
use super::json::{Object, as_text};
use super::outcome::EventOutcome;
use crate::domain::{Problem, ProblemCode, Timestamp};
use crate::store::StoreError;

/// The maximum number of events of a batch.
pub const MOST_EVENTS: usize = 2_500;
/// The maximum number of bytes of an event.
pub const MOST_EVENT_BYTES: usize = 32 * 1024;

/// The source of an event that names none.
const SOURCE: &str = "http";

/// A call of the wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireCall {
    /// One event of this type.
    One(&'static str),
    /// Several events of any type.
    Batch,
}

impl WireCall {
    /// All calls, each with its short name.
    pub const ALL: [(&'static str, &'static str, WireCall); 7] = [
        ("identify", "i", WireCall::One("identify")),
        ("track", "t", WireCall::One("track")),
        ("page", "p", WireCall::One("page")),
        ("screen", "s", WireCall::One("screen")),
        ("group", "g", WireCall::One("group")),
        ("alias", "a", WireCall::One("alias")),
        ("batch", "b", WireCall::Batch),
    ];

    /// The call of this name, long or short.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(long, short, _)| name == *long || name == *short).map(|(_, _, call)| *call)
    }

    /// Cuts a body into events.
    ///
    /// # Errors
    /// When nothing of the body can ever be stored.
    pub fn read(self, body: &[u8]) -> Result<WireBody, WireError> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let not_json = |error: serde_json::Error| WireError::NotJson { line: error.line(), column: error.column() };
        let body: &RawValue = serde_json::from_slice(body).map_err(not_json)?;
        let top = Object::parse(body.get()).ok_or(WireError::NotAnObject)?;
        let WireCall::One(kind) = self else { return batch(&top) };
        let event = fit(body).map(|event| of_type(event, &top, kind));
        // A single event has its own `sentAt`.
        Ok(WireBody { write_key: write_key(&top), events: vec![event], sent_at: None })
    }
}

/// The events of a body.
#[derive(Clone, Debug, PartialEq)]
pub struct WireBody {
    /// The key of the sender, when the body has one.
    pub write_key: Option<String>,
    /// The JSON text of each event, or why it cannot be stored.
    pub events: Vec<Result<String, Problem>>,
    /// `sentAt` of the envelope, when it can be read.
    pub sent_at: Option<Timestamp>,
}

/// Why nothing of a body can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not JSON.
    #[error("the body is not JSON: line {line}, column {column}")]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1; 0 before the first character.
        column: usize,
    },
    /// JSON, but not an object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// A batch without its list.
    #[error("`batch` is missing, or is not a list")]
    NoBatch,
    /// A batch above [`MOST_EVENTS`].
    #[error("{0} events are too many; the limit of a batch is {MOST_EVENTS}")]
    TooMany(usize),
}

/// Takes events of the wire.
#[async_trait]
pub trait TakeEvents: Send + Sync {
    /// Returns one outcome each, in order, when all events are safe. `sent_at` is that of the envelope.
    /// `source` is that of the write key, which counts more than the source that an event names.
    ///
    /// # Errors
    /// When too many calls wait, or the store is away or fails: the same call again is safe.
    async fn take_events(
        &self,
        events: Vec<String>,
        sent_at: Option<Timestamp>,
        source: Option<Arc<str>>,
    ) -> Result<Vec<EventOutcome>, StoreError>;
}

#[async_trait]
impl TakeEvents for Ingest {
    async fn take_events(
        &self,
        events: Vec<String>,
        sent_at: Option<Timestamp>,
        source: Option<Arc<str>>,
    ) -> Result<Vec<EventOutcome>, StoreError> {
        let origin = Origin { source_override: source, ..Origin::http(SOURCE, self.clock()(), sent_at) };
        Ok(self.offer(&events, &origin).await?.outcomes)
    }
}

fn batch(top: &Object<'_>) -> Result<WireBody, WireError> {
    let events: Vec<&RawValue> =
        top.get("batch").and_then(|list| serde_json::from_str(list.get()).ok()).ok_or(WireError::NoBatch)?;
    if events.len() > MOST_EVENTS {
        return Err(WireError::TooMany(events.len()));
    }
    let sent_at = top.get("sentAt").filter(|raw| raw.get().starts_with('"')).and_then(as_text);
    let sent_at = sent_at.and_then(|text| Timestamp::parse(&text).ok());
    let write_key = write_key(top);
    Ok(WireBody { write_key, events: events.into_iter().map(|event| fit(event).map(str::to_owned)).collect(), sent_at })
}

/// `writeKey` of a body, as Segment's clients send it.
fn write_key(top: &Object<'_>) -> Option<String> {
    top.get("writeKey").filter(|raw| raw.get().starts_with('"')).and_then(as_text).map(|key| key.to_string())
}

fn fit(event: &RawValue) -> Result<&str, Problem> {
    let bytes = event.get().len();
    if bytes <= MOST_EVENT_BYTES {
        return Ok(event.get());
    }
    let message = format!("the event has {bytes} bytes; the limit is {MOST_EVENT_BYTES}");
    Err(Problem::whole(ProblemCode::TooLarge, message))
}

/// The event with the type of its path, which counts more than a type in the body.
fn of_type(event: &str, top: &Object<'_>, kind: &str) -> String {
    if top.get("type").and_then(as_text).is_some_and(|own| own == kind) {
        return event.to_owned();
    }
    // Of a key that is given twice the last one counts.
    let open = event.trim_end().strip_suffix('}').unwrap_or(event);
    let comma = if top.is_empty() { "" } else { "," };
    format!("{open}{comma}\"type\":\"{kind}\"}}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn events(call: &str, body: &str) -> Vec<Value> {
        let body = WireCall::named(call).expect("a call").read(body.as_bytes()).expect("a body");
        body.events.into_iter().map(|event| serde_json::from_str(&event.expect("an event")).expect("JSON")).collect()
    }

    #[test]
    fn a_single_event_has_the_type_of_its_path() {
        for (long, short, call) in WireCall::ALL {
            assert_eq!((WireCall::named(long), WireCall::named(short)), (Some(call), Some(call)));
        }
        assert_eq!(WireCall::named("import"), None);
        assert_eq!(events("t", " {\"event\": \"A\"} "), [json!({"event": "A", "type": "track"})]);
        assert_eq!(events("identify", "\u{feff}{}\n"), [json!({"type": "identify"})]);
        for own in ["\"track\"", "\"page\"", "7", "null", "{}"] {
            assert_eq!(events("track", &format!("{{\"type\": {own}}}")), [json!({"type": "track"})], "{own}");
        }
    }

    #[test]
    fn a_batch_is_cut_into_its_events_with_the_time_of_the_envelope() {
        let body = r#"{"batch": [{"type": "page"}, 3, null], "sentAt": "2026-03-10T09:00:00Z", "writeKey": "k"}"#;
        assert_eq!(events("batch", body), [json!({"type": "page"}), json!(3), Value::Null]);
        let read = |body: &str| WireCall::Batch.read(body.as_bytes());
        let sent_at = |body: &str| read(body).expect("a body").sent_at;
        assert_eq!(sent_at(body), Timestamp::parse("2026-03-10T09:00:00Z").ok());
        for odd in ["null", "3", "\"\"", "\"yesterday\"", "{}"] {
            assert_eq!(sent_at(&format!("{{\"batch\": [], \"sentAt\": {odd}}}")), None, "{odd}");
        }
        let many = |count: usize| read(&format!("{{\"batch\": [{}]}}", vec!["1"; count].join(",")));
        assert_eq!(many(MOST_EVENTS).expect("a body").events.len(), MOST_EVENTS);
        assert_eq!(many(MOST_EVENTS + 1), Err(WireError::TooMany(MOST_EVENTS + 1)));
        for none in ["{}", "{\"batch\": {}}", "{\"batch\": null}", "{\"batch\": \"a\"}"] {
            assert_eq!(read(none), Err(WireError::NoBatch), "{none}");
        }
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_place() {
        let read = |body: &[u8]| WireCall::One("track").read(body);
        assert_eq!(read(b""), Err(WireError::NotJson { line: 1, column: 0 }));
        assert_eq!(read(b"{\n\"a\": jane}"), Err(WireError::NotJson { line: 2, column: 6 }));
        assert!(matches!(read(b"{\"a\": \"\xff\"}"), Err(WireError::NotJson { .. })));
        assert_eq!(read(b"[{}]"), Err(WireError::NotAnObject));
        let of_size = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
        let fits = |size: usize| read(of_size(size).as_bytes()).expect("a body").events[0].is_ok();
        assert!(fits(MOST_EVENT_BYTES) && !fits(MOST_EVENT_BYTES + 1));
        let body =
            WireCall::Batch.read(format!("{{\"batch\":[{},{{}}]}}", of_size(40_000)).as_bytes()).expect("a body");
        let code = body.events[0].as_ref().map_err(|problem| problem.code);
        assert_eq!((code, body.events[1].is_ok()), (Err(ProblemCode::TooLarge), true));
    }
}
