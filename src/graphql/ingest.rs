//! The mutation `eventsIngest`.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, Object, SimpleObject, Value};
use serde_json::value::{RawValue, to_raw_value};

use super::Setup;
use super::customer::Customer;
use super::error::{bad_argument, write_error};
use super::execute::HadHalves;
use super::id::ChangeCursor;
use super::load;
use super::problem::Problem;
use super::scalar::{Json, int};
use super::viewer::Viewer;
use crate::domain::surrogate::LOST;
use crate::ingest::{self, Ingest, Origin};

/// The maximum number of events of one call.
const MOST_EVENTS: usize = 500;

/// The result of `eventsIngest`.
#[derive(SimpleObject)]
pub struct EventsIngestPayload {
    /// One outcome for each event, in the same order.
    outcomes: Vec<EventOutcome>,
    /// The change that stored the last of these events, as a cursor.
    change: String,
}

/// The outcome of one event.
pub struct EventOutcome {
    index: usize,
    row: ingest::EventOutcome,
}

/// The status of an event.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// It was stored now.
    Created,
    /// It was stored before. Nothing changed.
    Unchanged,
    /// It was not stored. The problems say why.
    Rejected,
}

/// The outcome of one event.
#[Object]
impl EventOutcome {
    /// The event's index in the list that was sent, from 0.
    async fn index(&self) -> i32 {
        int(self.index as i64)
    }

    /// Whether it was stored.
    async fn status(&self) -> EventStatus {
        match self.row.status {
            ingest::EventStatus::Created => EventStatus::Created,
            ingest::EventStatus::Unchanged => EventStatus::Unchanged,
            ingest::EventStatus::Rejected => EventStatus::Rejected,
        }
    }

    /// The event's `messageId`, or the one that was generated for it. Null when it is not an event.
    async fn message_id(&self) -> Option<&str> {
        self.row.message_id.as_deref()
    }

    /// The event's customer. Null when it was rejected, or when its identifiers belong to no customer.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        Customer::of_id(ctx, self.row.customer.clone()?).await.transpose()
    }

    /// What is wrong with it. For a CREATED event these are warnings.
    async fn problems(&self) -> Vec<Problem> {
        Problem::list(&self.row.problems)
    }
}

/// Stores events.
pub(super) async fn ingest(ctx: &Context<'_>, events: Vec<Option<Json>>) -> Result<EventsIngestPayload, Error> {
    if events.len() > MOST_EVENTS {
        let message = format!("{} are too many", events.len());
        return Err(bad_argument("events", message, "at most 500; send the rest in another call"));
    }
    let null = || RawValue::NULL.to_owned();
    let had_halves = ctx.data_opt::<HadHalves>().is_some();
    let events: Vec<Box<RawValue>> =
        events.iter().map(|event| event.as_ref().map_or_else(null, |Json(event)| as_raw(event, had_halves))).collect();
    let events: Vec<&RawValue> = events.iter().map(|event| &**event).collect();
    let source = ctx.data_unchecked::<Viewer>().source_of_events();
    let origin = Origin { source_override: source, ..Origin::graphql(ctx.data_unchecked::<Setup>().now()) };
    let done = ctx.data_unchecked::<Arc<Ingest>>().raw_events(&events, &origin).await.map_err(write_error)?;
    load::forget(ctx);
    let outcome = |(index, row)| EventOutcome { index, row };
    Ok(EventsIngestPayload {
        outcomes: done.outcomes.into_iter().enumerate().map(outcome).collect(),
        change: ChangeCursor::behind(done.change).encode(),
    })
}

/// A GraphQL value as JSON text, its numbers with all their digits. A value that JSON does not have becomes null. If
/// the request `had_halves` of characters, each U+FFFD becomes half a character again, so that the reader of events
/// gives its position.
fn as_raw(value: &Value, had_halves: bool) -> Box<RawValue> {
    const HALF: &str = "\\ud83d";
    let raw = to_raw_value(value).and_then(|raw| match had_halves {
        true => RawValue::from_string(raw.get().replace(LOST, HALF)),
        false => Ok(raw),
    });
    raw.unwrap_or_else(|_| RawValue::NULL.to_owned())
}
