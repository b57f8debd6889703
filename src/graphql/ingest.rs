//! Events by GraphQL: the mutation `eventsIngest` and what it answers.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, Object, SimpleObject, Value};

use super::Setup;
use super::customer::Customer;
use super::error::{bad_argument, store_error};
use super::id::{ChangeCursor, Cursor};
use super::scalar::{Json, int};
use crate::domain::problem;
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

/// What is wrong with something that was sent; on an event that was CREATED, a warning.
#[derive(SimpleObject)]
pub struct Problem {
    /// What sort of thing is wrong.
    code: ProblemCode,
    /// Where, as a JSON path within what was sent; null when it is the whole.
    path: Option<String>,
    /// What was wrong, and what would be right.
    message: String,
}

/// What sort of thing is wrong.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "problem::ProblemCode")]
pub enum ProblemCode {
    /// Not an id of this store.
    BadId,
    /// An argument that cannot be.
    BadArgument,
    /// An id of a view of the past, where the present is asked for.
    IdOfThePast,
    /// Nothing has that id.
    NotFound,
    /// No kind of identifier has that name.
    UnknownKind,
    /// Nobody has that identifier.
    UnknownIdentifier,
    /// Somebody else has that identifier.
    NotItsIdentifier,
    /// A split that would leave nothing.
    NothingLeft,
    /// Two ids of one customer.
    SameCustomer,
    /// The person was erased.
    Erased,
    /// A rule forbids it.
    RuleForbids,
    /// Other rules have been saved since these were read.
    RulesChanged,
    /// Not an event.
    NotAnEvent,
    /// Something that every event needs is not there.
    MissingField,
    /// Not a time, or one outside the years 1 to 9999.
    BadTime,
    /// Not an amount or not a currency.
    BadMoney,
    /// A value of the wrong kind.
    BadValue,
    /// Larger than what is taken.
    TooLarge,
    /// A value that the settings block; it was left out.
    BlockedValue,
    /// It is about an order that has not arrived yet, and waits for it.
    OrderNotYetHere,
    /// The store would not take it.
    StoreRefused,
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
        let show =
            |p: &problem::Problem| Problem { code: p.code.into(), path: p.path.clone(), message: p.message.clone() };
        self.row.problems.iter().map(show).collect()
    }
}

/// Everything that changes something.
pub struct Mutation;

/// Everything that changes something. A payload is null only for a fault; what cannot be is a status
/// with problems, and then nothing has changed.
#[Object]
impl Mutation {
    /// Takes Segment-shaped events in; one outcome each, in order. An event that is bad stops none of the
    /// others. Sending the same `messageId` again answers UNCHANGED.
    async fn events_ingest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Events as Segment sends them, at most 500.")] events: Vec<Json>,
    ) -> Option<Result<EventsIngestPayload, Error>> {
        Some(ingest(ctx, events).await)
    }
}

async fn ingest(ctx: &Context<'_>, events: Vec<Json>) -> Result<EventsIngestPayload, Error> {
    if events.len() > MOST_EVENTS {
        let message = format!("{} are too many", events.len());
        return Err(bad_argument("events", message, "at most 500; send the rest in another call"));
    }
    let events = events.into_iter().map(|Json(event)| into_json(event)).collect();
    let origin = Origin::graphql(ctx.data_unchecked::<Setup>().now());
    let done = ctx.data_unchecked::<Arc<Ingest>>().events(events, origin).await.map_err(store_error)?;
    let outcome = |(index, row)| EventOutcome { index, row };
    Ok(EventsIngestPayload {
        outcomes: done.outcomes.into_iter().enumerate().map(outcome).collect(),
        change: ChangeCursor::behind(done.change).encode(),
    })
}

/// A GraphQL value as JSON; what JSON has no word for becomes null.
fn into_json(value: Value) -> serde_json::Value {
    value.into_json().unwrap_or_default()
}
