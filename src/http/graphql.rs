//! GraphQL over HTTP by its specification (draft of 2024), stricter where it leaves a choice.
//!
//! A request has one operation. `POST` accepts `application/json` only, which a page of another site cannot send without
//! a CORS preflight. `GET` runs queries only. A request with an invalid body or invalid parameters is a 4xx. Errors of
//! the GraphQL document are 200 for `application/json`, as its clients expect, and 400 for
//! `application/graphql-response+json`.
//!
//! Subscriptions use a WebSocket ([`socket`]) or server-sent events ([`events`]); both accept other operations too.

mod accept;
mod events;
mod protocol;
mod read;
mod socket;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};

use accept::{Events, negotiate};
pub(super) use accept::{JSON, RESPONSE_JSON};
pub(super) use read::body_parameters;

use super::access::{self, Pass};
use super::app::{Shared, State};
use super::machine::{self, internal, not_ready};
use super::observe::{Operation, RequestId};
use super::refusal::Refusal;
use crate::graphql::execute::{Api, GraphqlRequest, GraphqlResponse, ResponseKind};

/// `GET /graphql?query=…&operationName=…&variables=…`, or a WebSocket
pub(super) async fn by_get(request: HttpRequest, body: web::Payload, state: Shared) -> HttpResponse {
    if accept::is_upgrade(request.headers()) {
        let admit = || Ok((access::admit_socket(&request, &state)?, access::named_purpose(&request)?));
        return match not_ready(&state).map_or_else(admit, Err) {
            Err(refusal) => refuse(refusal, JSON),
            Ok((pass, purpose)) => socket::open(&request, body, &state, pass, purpose),
        };
    }
    // A person who opens this address in a browser wants the console.
    if request.query_string().is_empty() && accept::is_browser(&request) {
        return HttpResponse::SeeOther().insert_header((header::LOCATION, "/")).finish();
    }
    let query = read::from_url(request.query_string());
    respond(&request, &state, async { query }).await
}

/// `POST /graphql` with `{"query": …, "operationName": …, "variables": …, "extensions": …}`
pub(super) async fn by_post(request: HttpRequest, body: web::Payload, state: Shared) -> HttpResponse {
    respond(&request, &state, read::from_body(request.headers(), body)).await
}

/// Any other method.
pub(super) async fn by_other(request: HttpRequest) -> HttpResponse {
    let message = "use POST, or GET for a query";
    let media = negotiate(&request).unwrap_or(JSON);
    refuse(Refusal::bad(StatusCode::METHOD_NOT_ALLOWED, "method", message, "POST or GET"), media)
}

/// The pass of a caller, and what it asks for: `read` gives the request to run and more. While the server is not ready it
/// is only read when the store is away, because it may need no store.
pub(super) async fn admitted<T>(
    request: &HttpRequest,
    state: &State,
    read: impl Future<Output = Result<(T, GraphqlRequest), Refusal>>,
) -> Result<(Pass, T, GraphqlRequest), Refusal> {
    let pass = access::admit(request, state)?;
    let purpose = access::purpose(request, state, &pass.caller)?;
    let not_ready = not_ready(state);
    if let Some(refusal) = not_ready.as_ref().filter(|_| !state.readiness.is_away()) {
        return Err(refusal.clone());
    }
    let (more, mut query) = read.await.map_err(|refusal| not_ready.clone().unwrap_or(refusal))?;
    if let Some(refusal) = not_ready.filter(|_| !state.api.needs_no_store(&query)) {
        return Err(refusal);
    }
    if let Some(id) = request.extensions().get::<RequestId>() {
        query.request_id.clone_from(&id.0);
    }
    query.caller = Some(pass.caller.clone());
    query.purpose = purpose;
    Ok((pass, more, query))
}

/// Reads a request and answers it.
async fn respond(
    request: &HttpRequest,
    state: &Shared,
    read: impl Future<Output = Result<GraphqlRequest, Refusal>>,
) -> HttpResponse {
    let events = accept::events(request);
    let media = match (negotiate(request), events) {
        (Some(media), _) => media,
        (None, Events::Preferred | Events::Accepted) => JSON,
        (None, Events::NotAccepted) => {
            let hint = "application/graphql-response+json, application/json or text/event-stream";
            let message = "answers are application/graphql-response+json, application/json or text/event-stream; \
                         `Accept` allows none of them";
            return refuse(Refusal::bad(StatusCode::NOT_ACCEPTABLE, "accept", message, hint), JSON);
        }
    };
    let (pass, query) = match admitted(request, state, async { Ok(((), read.await?)) }).await {
        Ok((pass, (), query)) => (pass, query),
        Err(refusal) => return refuse(refusal, media),
    };
    let streams = match events {
        Events::Preferred => true,
        Events::Accepted => state.api.is_subscription(&query),
        Events::NotAccepted => false,
    };
    if streams {
        return events::respond(request, state, query, pass).await;
    }
    let Some(answer) = run(state.api.clone(), query).await else {
        return refuse(internal(request), media);
    };
    let mut response = HttpResponse::build(status(answer.kind, media));
    response.insert_header((header::CONTENT_TYPE, media)).insert_header((header::CACHE_CONTROL, "no-store"));
    match answer.kind {
        ResponseKind::MutationNotAllowed => {
            response.insert_header((header::ALLOW, "POST"));
        }
        ResponseKind::StoreAway | ResponseKind::Unsure => {
            response.insert_header((header::RETRY_AFTER, "2"));
        }
        ResponseKind::Run | ResponseKind::Refused | ResponseKind::Forbidden | ResponseKind::Late => {}
    }
    let mut response = response.body(answer.body);
    response.extensions_mut().insert(Operation { name: answer.operation, outcome: answer.outcome });
    response
}

/// The status of an answer of this media type.
pub(super) fn status(kind: ResponseKind, media: &str) -> StatusCode {
    match kind {
        ResponseKind::Run => StatusCode::OK,
        ResponseKind::Refused if media == RESPONSE_JSON => StatusCode::BAD_REQUEST,
        ResponseKind::Refused => StatusCode::OK,
        ResponseKind::MutationNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ResponseKind::Forbidden => StatusCode::FORBIDDEN,
        ResponseKind::Late | ResponseKind::Unsure => StatusCode::GATEWAY_TIMEOUT,
        ResponseKind::StoreAway => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Runs a request. Dropping the future cancels it. `None` when a resolver panicked.
async fn run(api: Api, query: GraphqlRequest) -> Option<GraphqlResponse> {
    machine::run(async move { api.execute(query).await }).await
}

/// Counts an operation of a transport with several answers.
fn count(outcome: &'static str) {
    metrics::counter!("throughline_graphql_operations_total", "outcome" => outcome).increment(1);
}

/// The answer of a stream whose resolver panicked.
fn panicked(request_id: &str) -> GraphqlResponse {
    tracing::error!(request_id, "a resolver panicked");
    let error = serde_json::json!({ "message": "internal error",
        "extensions": { "code": "INTERNAL", "requestId": request_id } });
    let body = serde_json::json!({ "data": null, "errors": [error] }).to_string().into_bytes();
    GraphqlResponse { body, kind: ResponseKind::Run, outcome: "INTERNAL", operation: None }
}

/// Answers with a refusal.
pub(super) fn refuse(refusal: Refusal, media: &'static str) -> HttpResponse {
    let mut answer = refusal.answer(media);
    answer.extensions_mut().insert(Operation { name: None, outcome: refusal.code() });
    answer
}
