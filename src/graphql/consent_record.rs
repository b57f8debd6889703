//! The mutation `consentRecord`: a decision about consent, kept in the same history as those of events.

use std::sync::Arc;

use async_graphql::{Context, Error, InputObject, SimpleObject};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use super::Setup;
use super::consent::{Consent, ConsentStatus};
use super::error::{store_error, write_error};
use super::id::ChangeCursor;
use super::identifier::IdentifierInput;
use super::known_names;
use super::load::{self, ConsentName};
use super::mutation_status::MutationStatus;
use super::problem::Problem;
use super::scalar::DateTime;
use super::viewer::Viewer;
use crate::domain::change::{ChangeEntry, ChangePlace};
use crate::domain::{Arrival, ProblemCode, consent, problem};
use crate::ingest::event::is_source_name;
use crate::ingest::{EventOutcome, EventStatus, Ingest, Origin};

/// A decision about consent to record.
#[derive(InputObject, Clone, Debug)]
pub struct ConsentInput {
    /// An identifier of the person. The decision applies to all identifiers of its customer. A new identifier becomes a
    /// customer.
    pub identifier: IdentifierInput,
    /// The purpose, such as `marketing`.
    pub purpose: String,
    /// The channel. Left out: all channels.
    pub channel: Option<String>,
    /// The decision: GRANTED, DENIED or REVOKED.
    pub status: ConsentStatus,
    /// When the person decided. Left out: now.
    pub at: Option<DateTime>,
    /// When a grant expires. Left out: never.
    pub expires_at: Option<DateTime>,
    /// Where the decision was made, such as `preference-centre`. For a caller with a source of its own, that source counts.
    pub source: String,
    /// The id of the decision. A second decision with the same id changes nothing. Left out: made of the decision, when it
    /// has a time.
    pub message_id: Option<String>,
}

/// The result of `consentRecord`.
#[derive(SimpleObject)]
pub struct ConsentRecordPayload {
    /// Whether the decision was stored. UNCHANGED when it was stored before.
    status: MutationStatus,
    /// The decision. Null when nothing was stored, and when the purpose of the request does not show the customer now.
    consent: Option<Consent>,
    /// The change that stored it, as a cursor. Null when nothing was stored.
    change: Option<String>,
    /// Why it was refused. With a stored decision these are warnings.
    problems: Vec<Problem>,
}

/// The event name of a decision, or why it cannot be recorded.
fn event_name(input: &ConsentInput) -> Result<&'static str, problem::Problem> {
    let wrong = |path: &str, message: &str| Err(problem::Problem::at(ProblemCode::BadArgument, path, message));
    if input.expires_at.is_some() && input.status != ConsentStatus::Granted {
        return wrong("expiresAt", "only a grant expires: leave it out");
    }
    if !is_source_name(&input.source) {
        return wrong("source", "not a name of a source");
    }
    match input.status {
        ConsentStatus::Granted => Ok("Consent Given"),
        ConsentStatus::Denied => Ok("Consent Denied"),
        ConsentStatus::Revoked => Ok("Consent Withdrawn"),
        ConsentStatus::Expired | ConsentStatus::Unknown => {
            wrong("status", "not a decision: GRANTED, DENIED or REVOKED")
        }
    }
}

/// The decision as an event.
fn event(input: &ConsentInput, name: &str) -> Value {
    let mut event = Map::new();
    event.insert("type".into(), "track".into());
    event.insert("event".into(), name.into());
    event.extend(input.message_id.iter().map(|id| ("messageId".to_owned(), id.as_str().into())));
    event.extend(input.at.iter().map(|at| ("timestamp".to_owned(), at.0.to_string().into())));
    let mut properties = json!({ "purpose": input.purpose });
    if let Some(channel) = &input.channel {
        properties["channel"] = channel.as_str().into();
    }
    if let Some(end) = input.expires_at {
        properties["expires_at"] = end.0.to_string().into();
    }
    event.insert("properties".into(), properties);
    let IdentifierInput { kind, value } = &input.identifier;
    event.insert("context".into(), json!({"source": input.source, "externalIds": [{"type": kind, "id": value}]}));
    Value::Object(event)
}

/// Records a decision.
pub(super) async fn record(ctx: &Context<'_>, input: ConsentInput) -> Result<ConsentRecordPayload, Error> {
    let refused = |problems: &[problem::Problem]| ConsentRecordPayload {
        status: MutationStatus::Refused,
        consent: None,
        change: None,
        problems: Problem::list(problems),
    };
    if let Err(unknown) = known_names::find_kind(ctx, &input.identifier.kind).await? {
        return Ok(refused(&[problem::Problem::at(ProblemCode::UnknownKind, "identifier.kind", unknown.message)]));
    }
    let name = match event_name(&input) {
        Ok(name) => name,
        Err(problem) => return Ok(refused(&[problem])),
    };
    let raw = to_raw_value(&event(&input, name)).map_err(|_| Error::new("a decision that is no JSON"))?;
    let own = ctx.data_unchecked::<Viewer>().source_of_events();
    let source_override = own.or_else(|| Some(input.source.as_str().into()));
    let origin = Origin { source_override, ..Origin::graphql(ctx.data_unchecked::<Setup>().now()) };
    let done = ctx.data_unchecked::<Arc<Ingest>>().raw_events(&[&raw], &origin).await.map_err(write_error)?;
    load::forget(ctx);
    let Some(EventOutcome { status, message_id, problems, .. }) = done.outcomes.into_iter().next() else {
        return Ok(refused(&[]));
    };
    let problems: Vec<problem::Problem> = problems.into_iter().map(of_input).collect();
    let (status, stored) = match status {
        EventStatus::Rejected => return Ok(refused(&problems)),
        EventStatus::Unchanged => (MutationStatus::Unchanged, None),
        EventStatus::Created => (MutationStatus::Done, message_id),
    };
    let consent = match &stored {
        Some(message) => find(ctx, done.change, message).await?,
        None => None,
    };
    Ok(ConsentRecordPayload {
        status,
        consent: consent.map(Consent::of_log),
        change: stored.map(|_| ChangeCursor::behind(done.change).encode()),
        problems: Problem::list(&problems),
    })
}

/// A problem of the event, at the part of the input that it is about.
fn of_input(mut problem: problem::Problem) -> problem::Problem {
    problem.path = problem.path.map(|path| match path.as_str() {
        "properties.purpose" => "purpose".into(),
        "properties.channel" => "channel".into(),
        "properties.expires_at" => "expiresAt".into(),
        "timestamp" => "at".into(),
        of_ids if of_ids.starts_with("context.externalIds") => "identifier".into(),
        _ => path,
    });
    problem
}

/// The decision of a message, in the change that stored it.
async fn find(ctx: &Context<'_>, change: i64, message: &Arc<str>) -> Result<Option<consent::Consent>, Error> {
    const PAGE: usize = 1_000;
    let store = &load::of(ctx).loader().0;
    let mut place = ChangePlace::behind(change - 1);
    loop {
        let run = store.changes(place, PAGE).await.map_err(store_error)?;
        let of_message = |entry: &ChangeEntry| match entry {
            ChangeEntry::ConsentChanged { consent, message: own, .. } if own == message => Some(*consent),
            _ => None,
        };
        let found = run.changes.iter().filter(|row| row.place.seq == change);
        if let Some(index) = found.filter_map(|row| of_message(&row.entry)).next() {
            return load::one(ctx, ConsentName(Arrival::new(change, index))).await;
        }
        if run.upto == place || run.upto >= ChangePlace::behind(change) {
            return Ok(None);
        }
        place = run.upto;
    }
}
