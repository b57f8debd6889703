//! The time of an event, corrected for a wrong clock.

use super::event::{Event, Origin};
use super::json::as_text;
use super::notes::Notes;
use crate::domain::time::TimeError;
use crate::domain::{ProblemCode, Timestamp};

/// How many milliseconds an event's time may be after its receipt: clocks differ, and time zones may be missing.
const LATEST: i64 = 24 * 60 * 60 * 1_000;

/// `timestamp`, else `originalTimestamp`, corrected to `receivedAt - (sentAt - timestamp)`: the error of the client's
/// clock was the same at both times. Without `sentAt` or `receivedAt`, the client's time counts. Without any time of
/// its own, the event has the time of its receipt, else of its sending. A time later than a day after the receipt is
/// replaced by the time of the receipt. On import without a receipt, the present time is used instead.
pub(crate) fn at(event: &Event<'_>, origin: &Origin, notes: &mut Notes) -> Timestamp {
    let (timestamp, original) = (read(event, "timestamp"), read(event, "originalTimestamp"));
    let is_noted = matches!(timestamp, Some(Ok(_))) || matches!(original, Some(Ok(_)));
    let mut own = |field: &str, read: Option<Result<Timestamp, TimeError>>| match read? {
        Ok(time) => Some(time),
        Err(fault) if is_noted => left_out(field, &fault, notes),
        Err(fault) => {
            notes.fault(ProblemCode::BadTime, field, fault.to_string());
            None
        }
    };
    let is_given = timestamp.is_some() || original.is_some();
    let (timestamp, original) = (own("timestamp", timestamp), own("originalTimestamp", original));
    let sent_at = match read(event, "sentAt") {
        Some(Err(fault)) => left_out("sentAt", &fault, notes),
        sent_at => sent_at.and_then(Result::ok),
    };
    let sent_at = sent_at.or(origin.sent_at);
    let received_at = origin.received_at.or_else(|| received_at(event, origin, notes));
    let (path, happened) = match (timestamp, original) {
        (Some(timestamp), Some(original)) if timestamp != original => ("timestamp", timestamp),
        (Some(noted), _) => ("timestamp", corrected(noted, sent_at, received_at, notes)),
        (None, Some(noted)) => ("originalTimestamp", corrected(noted, sent_at, received_at, notes)),
        (None, None) => match received_at.or(sent_at) {
            _ if is_given => return Timestamp::default(),
            Some(way) => ("sentAt", way),
            None => {
                notes.fault(ProblemCode::MissingField, "timestamp", "no time: give timestamp as 2026-03-31T09:30:00Z");
                return Timestamp::default();
            }
        },
    };
    match received_at.or(origin.now) {
        Some(receipt) if is_too_late(happened, receipt) => {
            let message = "a time more than 24 h after it was received, so it is that of the receipt";
            notes.warn(ProblemCode::BadTime, path, message);
            receipt
        }
        _ => happened,
    }
}

/// Whether an event has a time of its own.
pub(crate) fn is_given(event: &Event<'_>) -> bool {
    read(event, "timestamp").is_some() || read(event, "originalTimestamp").is_some()
}

/// The receipt in the file. A receipt in the future does not count.
fn received_at(event: &Event<'_>, origin: &Origin, notes: &mut Notes) -> Option<Timestamp> {
    const FIELD: &str = "receivedAt";
    match read(event, FIELD)? {
        Err(fault) => left_out(FIELD, &fault, notes),
        Ok(time) if origin.now.is_some_and(|now| is_too_late(time, now)) => {
            notes.warn(ProblemCode::BadTime, FIELD, "a time more than 24 h after now, so it is left out");
            None
        }
        Ok(time) => Some(time),
    }
}

fn corrected(
    noted: Timestamp,
    sent_at: Option<Timestamp>,
    received_at: Option<Timestamp>,
    notes: &mut Notes,
) -> Timestamp {
    let (Some(sent_at), Some(received_at)) = (sent_at, received_at) else { return noted };
    Timestamp::from_millis(received_at.0 - (sent_at.0 - noted.0)).unwrap_or_else(|fault| {
        let message = format!("with it the event happened at {fault}, so it is left out");
        notes.warn(ProblemCode::BadTime, "sentAt", message);
        noted
    })
}

fn is_too_late(time: Timestamp, receipt: Timestamp) -> bool {
    time.0 > receipt.0.saturating_add(LATEST)
}

fn left_out(field: &str, fault: &TimeError, notes: &mut Notes) -> Option<Timestamp> {
    notes.warn(ProblemCode::BadTime, field, format!("{fault}, so it is left out"));
    None
}

/// The time in a field; `None` for an empty text. A number is not a time: it could be seconds or milliseconds.
fn read(event: &Event<'_>, field: &str) -> Option<Result<Timestamp, TimeError>> {
    let raw = event.top.get(field)?;
    let text = if raw.get().starts_with('"') { as_text(raw) } else { None };
    match text {
        Some(text) if text.trim().is_empty() => None,
        Some(text) => Some(Timestamp::parse(&text)),
        None => Some(Err(TimeError::Malformed)),
    }
}
