//! When an event happened, by the corrected clock.

use super::event::{Event, Origin};
use super::json::as_text;
use super::notes::{Notes, Weight};
use crate::domain::time::TimeError;
use crate::domain::{ProblemCode, Timestamp};

/// `timestamp`, else `originalTimestamp`, as `receivedAt - (sentAt - timestamp)`: what the
/// client's clock was wrong by when it sent, it was wrong by when it noted the time. Without one of
/// `sentAt` and `receivedAt` the client's clock stands; without any time of its own the event
/// happened when it was received, else when it was sent.
pub(crate) fn at(event: &Event<'_>, origin: &Origin, notes: &mut Notes) -> Timestamp {
    let faults = notes.faults.len();
    let timestamp = read(event, "timestamp", Weight::Fault, notes);
    let original = read(event, "originalTimestamp", Weight::Fault, notes);
    let sent_at = read(event, "sentAt", Weight::Warning, notes).or(origin.sent_at);
    let received_at = match origin.received_at {
        Some(clock) => Some(clock),
        None => read(event, "receivedAt", Weight::Warning, notes),
    };
    let Some(noted) = timestamp.or(original) else {
        return received_at.or(sent_at).unwrap_or_else(|| {
            if notes.faults.len() == faults {
                notes.fault(ProblemCode::MissingField, "timestamp", "no time: give timestamp as 2026-03-31T09:30:00Z");
            }
            Timestamp::default()
        });
    };
    let (Some(sent_at), Some(received_at)) = (sent_at, received_at) else { return noted };
    let corrected = |noted: Timestamp| received_at.0 - (sent_at.0 - noted.0);
    // An export of Segment's has both times, and `timestamp` is corrected already.
    if let (Some(timestamp), Some(original)) = (timestamp, original)
        && timestamp.0 == corrected(original)
    {
        return timestamp;
    }
    Timestamp::from_millis(corrected(noted)).unwrap_or_else(|fault| {
        notes.fault(ProblemCode::BadTime, "sentAt", format!("with it the event happened at {fault}"));
        Timestamp::default()
    })
}

fn read(event: &Event<'_>, field: &str, weight: Weight, notes: &mut Notes) -> Option<Timestamp> {
    let raw = event.top.get(field)?;
    let text = if raw.get().starts_with('"') { as_text(raw) } else { None };
    let parsed = text.as_deref().map_or(Err(TimeError::Malformed), Timestamp::parse);
    parsed.map_err(|fault| notes.note(weight, ProblemCode::BadTime, field, fault.to_string())).ok()
}
