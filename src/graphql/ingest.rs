//! Events by GraphQL: what `eventsIngest` does and answers.

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
use crate::domain::surrogate::LOST;
use crate::ingest::{self, Ingest, Origin};

/// The most events that one call takes.
const MOST_EVENTS: usize = 500;

/// What became of the events.
#[derive(SimpleObject)]
pub struct EventsIngestPayload {
    /// One for each event, in order.
    outcomes: Vec<EventOutcome>,
    /// The change after which all of it can be read, as a cursor.
    change: String,
}

/// What became of one event.
pub struct EventOutcome {
    index: usize,
    row: ingest::EventOutcome,
}

/// What became of an event.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// It is stored.
    Created,
    /// It was stored before; nothing changed.
    Unchanged,
    /// Nothing of it is stored; the problems say why.
    Rejected,
}

/// What became of one event.
#[Object]
impl EventOutcome {
    /// Its place in the list that was sent, from 0.
    async fn index(&self) -> i32 {
        int(self.index as i64)
    }

    /// What became of it.
    async fn status(&self) -> EventStatus {
        match self.row.status {
            ingest::EventStatus::Created => EventStatus::Created,
            ingest::EventStatus::Unchanged => EventStatus::Unchanged,
            ingest::EventStatus::Rejected => EventStatus::Rejected,
        }
    }

    /// Its message id, the one that was made for it when it came without; null when it is no event.
    async fn message_id(&self) -> Option<&str> {
        self.row.message_id.as_deref()
    }

    /// Whose it is now. Null when it was rejected, or when its identifiers bind nobody.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        Customer::of_id(ctx, self.row.customer.clone()?).await.transpose()
    }

    /// What is wrong with it. On an event that was CREATED these are warnings.
    async fn problems(&self) -> Vec<Problem> {
        Problem::list(&self.row.problems)
    }
}

/// Takes events in.
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
    let origin = Origin::graphql(ctx.data_unchecked::<Setup>().now());
    let done = ctx.data_unchecked::<Arc<Ingest>>().raw_events(&events, &origin).await.map_err(write_error)?;
    load::forget(ctx);
    let outcome = |(index, row)| EventOutcome { index, row };
    Ok(EventsIngestPayload {
        outcomes: done.outcomes.into_iter().enumerate().map(outcome).collect(),
        change: ChangeCursor::behind(done.change).encode(),
    })
}

/// A GraphQL value as JSON text, its numbers with all their digits; what JSON has no word for becomes null. Where the
/// request `had_halves` of characters, U+FFFD is one again, so that the reader of events says where it stands.
fn as_raw(value: &Value, had_halves: bool) -> Box<RawValue> {
    const HALF: &str = "\\ud83d";
    let raw = to_raw_value(value).and_then(|raw| match had_halves {
        true => RawValue::from_string(raw.get().replace(LOST, HALF)),
        false => Ok(raw),
    });
    raw.unwrap_or_else(|_| RawValue::NULL.to_owned())
}
