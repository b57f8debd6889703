//! `/v1/track` and its siblings: Segment's and RudderStack's wire.
//!
//! A client throws a call away at 400, and sends it again at 429 and 503. So 400 is only for what can never be stored.
//! The body decides, not its content type: beacons of browsers send `text/plain`. Any page may send, so answers have
//! CORS headers. The write key is a
//! bearer token, the user of Basic, or `writeKey` of the body. Without `[access]` any is accepted, or none.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::access::{self, Given};
use super::app::Shared;
use super::body;
use super::machine::{self, JSON};
use super::refusal::Refusal;
use crate::domain::access_key::Role;
use crate::domain::{Problem, ProblemCode};
use crate::graphql::error::{PlainError, UNSURE, write_error};
use crate::graphql::execute::TIME_LIMIT;
use crate::ingest::EventStatus;
use crate::ingest::wire::{MOST_EVENTS, WireBody, WireCall, WireError};

/// The maximum number of bytes of a body, as sent and as decompressed.
const BODY: usize = 500 * 1024;
const EVENT: &str = "{\"userId\": \"…\", \"event\": \"…\", \"properties\": {…}}";
const BATCH: &str = "{\"batch\": [{\"type\": \"track\", …}]}";

/// `POST /v1/{call}`
pub(super) async fn by_post(request: HttpRequest, payload: web::Payload, state: Shared) -> HttpResponse {
    let answer = match take(&request, payload, &state).await {
        Ok(answer) => HttpResponse::Ok().content_type(JSON).body(Value::Object(answer).to_string()),
        Err(refusal) => refusal.answer(JSON),
    };
    for_any_page(answer)
}

/// `OPTIONS /v1/{call}`: the question of a browser whether a page may send.
pub(super) async fn by_options() -> HttpResponse {
    let mut answer = HttpResponse::NoContent();
    answer.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"));
    // RudderStack's library for browsers sends `anonymousid`.
    let headers = "authorization, content-type, x-retry-count, content-encoding, anonymousid";
    answer.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, headers));
    answer.insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"));
    for_any_page(answer.finish())
}

/// Any other method.
pub(super) async fn by_other() -> HttpResponse {
    for_any_page(machine::method_not_allowed("POST, OPTIONS"))
}

fn for_any_page(mut answer: HttpResponse) -> HttpResponse {
    answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

/// Reads a call and stores its events. Returns when they are safe.
async fn take(request: &HttpRequest, payload: web::Payload, state: &Shared) -> Result<Map<String, Value>, Refusal> {
    if let Some(refusal) = machine::not_ready(state) {
        return Err(refusal);
    }
    let name = request.path().rsplit('/').next().unwrap_or_default();
    // The routes have no other names.
    let call = WireCall::named(name).ok_or_else(|| machine::internal(request))?;
    let given = Given::bearer_or_basic(request);
    let mut source = None;
    if given != Given::Nothing {
        source = sender(request, state, given.clone())?;
    }
    let bytes = body::read(request.headers(), payload, BODY).await?;
    let read = call.read(&bytes);
    drop(bytes);
    if given == Given::Nothing {
        let key = read.as_ref().ok().and_then(|body| body.write_key.clone());
        source = sender(request, state, key.map_or(Given::Nothing, Given::Key))?;
    }
    let WireBody { events, sent_at, .. } = read.map_err(|error| bad(call, error))?;

    let mut rejected: Vec<(usize, Vec<Problem>)> = Vec::new();
    let (mut places, mut good) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
    for (n, event) in events.into_iter().enumerate() {
        match event {
            Ok(event) => {
                places.push(n);
                good.push(event);
            }
            Err(problem) => rejected.push((n, vec![problem])),
        }
    }
    if !good.is_empty() {
        let events = state.events.clone();
        let work = async move { tokio::time::timeout(TIME_LIMIT, events.take_events(good, sent_at, source)).await };
        let outcomes = match machine::run(work).await {
            Some(Ok(Ok(outcomes))) => outcomes,
            Some(Ok(Err(error))) => {
                return Err(come_back(machine::refusal(PlainError::from(write_error(error)), request)));
            }
            Some(Err(_)) => {
                let message = format!("the store took longer than {} s: {UNSURE}", TIME_LIMIT.as_secs());
                return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", message));
            }
            None => return Err(machine::internal(request)),
        };
        let is_rejected = outcomes.into_iter().zip(places).filter(|(o, _)| o.status == EventStatus::Rejected);
        rejected.extend(is_rejected.map(|(outcome, n)| (n, outcome.problems)));
        rejected.sort_by_key(|(n, _)| *n);
    }
    let mut answer = Map::from_iter([("success".to_owned(), true.into())]);
    match (call, rejected.first()) {
        (_, None) => {}
        (WireCall::One(_), Some((_, problems))) => return Err(never(problems)),
        (WireCall::Batch, Some(_)) => {
            let rejected = rejected.iter().map(|(n, problems)| json!({"index": n, "problems": problems}));
            answer.insert("rejected".to_owned(), rejected.collect());
        }
    }
    Ok(answer)
}

/// The source of the sender's events. `None` without `[access]`.
fn sender(request: &HttpRequest, state: &Shared, given: Given) -> Result<Option<Arc<str>>, Refusal> {
    if state.access.is_none() {
        return Ok(None);
    }
    let pass = access::admit_with(request, state, || given)?;
    match &pass.caller.source {
        Some(source) if pass.caller.role() == Role::Service => Ok(Some(source.clone())),
        _ => {
            let message = "events are sent with a write key: one of the role service, with a source";
            Err(access::forbidden(message))
        }
    }
}

/// A write that took too long is 503: it is safe to send it again.
fn come_back(mut refusal: Refusal) -> Refusal {
    if refusal.status == StatusCode::GATEWAY_TIMEOUT {
        refusal.status = StatusCode::SERVICE_UNAVAILABLE;
    }
    refusal
}

/// The refusal of a single event that can never be stored.
fn never(problems: &[Problem]) -> Refusal {
    let (code, message) = match problems.first() {
        Some(problem) => (problem.code.as_str(), problem.to_string()),
        None => (ProblemCode::StoreRefused.as_str(), "the event cannot be stored".to_owned()),
    };
    Refusal::new(StatusCode::BAD_REQUEST, code, message).with("problems", json!(problems))
}

fn bad(call: WireCall, error: WireError) -> Refusal {
    let message = error.to_string();
    if let WireError::TooMany(count) = error {
        let refusal = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE", message);
        return refusal.with("measure", "events").with("cost", count).with("limit", MOST_EVENTS);
    }
    let hint = if call == WireCall::Batch { BATCH } else { EVENT };
    Refusal::bad(StatusCode::BAD_REQUEST, "body", message, hint)
}
