//! GraphQL over HTTP, as its specification (draft of 2024) has it, and stricter where it leaves a choice.
//!
//! One operation a request. `POST` takes `application/json` only, which no page of another site can
//! send without asking first; `GET` runs queries only. A request that is not even a question (body,
//! types of parameters) is a 4xx for everyone; errors of the question itself are 200 for
//! `application/json`, whose clients expect that, and 400 for `application/graphql-response+json`.
//!
//! Subscriptions, and whatever else a client asks that way, go by WebSocket ([`socket`]) or as
//! server-sent events ([`events`]).

mod accept;
mod events;
mod protocol;
mod read;
mod socket;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use tracing::Instrument;

pub(super) use accept::JSON;
use accept::{Events, RESPONSE_JSON, negotiate};

use super::app::Shared;
use super::body::Refusal;
use super::observe::{Operation, RequestId};
use crate::graphql::execute::{Answer, Api, Kind, Question};

/// `GET /graphql?query=…&operationName=…&variables=…`, or a WebSocket
pub(super) async fn by_get(request: HttpRequest, body: web::Payload, state: Shared) -> HttpResponse {
    if accept::is_upgrade(request.headers()) {
        return match not_ready(&state) {
            Some(refusal) => refuse(refusal, JSON),
            None => socket::open(&request, body, &state),
        };
    }
    // Somebody types the address into a browser: the console is what they are looking for.
    if request.query_string().is_empty() && accept::is_browser(request.headers()) {
        return HttpResponse::SeeOther().insert_header((header::LOCATION, "/")).finish();
    }
    let question = read::from_url(request.query_string());
    respond(&request, &state, async { question }).await
}

/// `POST /graphql` with `{"query": …, "operationName": …, "variables": …, "extensions": …}`
pub(super) async fn by_post(request: HttpRequest, body: web::Payload, state: Shared) -> HttpResponse {
    respond(&request, &state, read::from_body(request.headers(), body)).await
}

/// Any other method.
pub(super) async fn by_other(request: HttpRequest) -> HttpResponse {
    let words = "use POST, or GET for a query";
    let media = negotiate(request.headers()).unwrap_or(JSON);
    refuse(Refusal::bad(StatusCode::METHOD_NOT_ALLOWED, "method", words, "POST or GET"), media)
}

/// From reading a question to its answer. A question is only read when it can be answered, or when the store is
/// away and it may need none.
async fn respond(
    request: &HttpRequest,
    state: &Shared,
    read: impl Future<Output = Result<Question, Refusal>>,
) -> HttpResponse {
    let events = accept::events(request.headers());
    let media = match (negotiate(request.headers()), events) {
        (Some(media), _) => media,
        (None, Events::Liked | Events::Taken) => JSON,
        (None, Events::Refused) => {
            let hint = "application/graphql-response+json, application/json or text/event-stream";
            let words = "answers are application/graphql-response+json, application/json or text/event-stream, \
                         and `Accept` takes none of them";
            return refuse(Refusal::bad(StatusCode::NOT_ACCEPTABLE, "accept", words, hint), JSON);
        }
    };
    let not_ready = not_ready(state);
    if let Some(refusal) = not_ready.as_ref().filter(|_| !state.readiness.is_away()) {
        return refuse(refusal.clone(), media);
    }
    let mut question = match read.await {
        Ok(question) => question,
        Err(refusal) => return refuse(not_ready.unwrap_or(refusal), media),
    };
    if let Some(refusal) = not_ready.filter(|_| !state.api.needs_no_store(&question)) {
        return refuse(refusal, media);
    }
    if let Some(id) = request.extensions().get::<RequestId>() {
        question.request_id.clone_from(&id.0);
    }
    let streams = match events {
        Events::Liked => true,
        Events::Taken => state.api.is_subscription(&question),
        Events::Refused => false,
    };
    if streams {
        return events::respond(request, state, question).await;
    }
    let Some(answer) = run(state.api.clone(), question).await else {
        return refuse(internal(request), media);
    };
    let mut response = HttpResponse::build(status(answer.kind, media));
    response.insert_header((header::CONTENT_TYPE, media)).insert_header((header::CACHE_CONTROL, "no-store"));
    match answer.kind {
        Kind::NotARead => {
            response.insert_header((header::ALLOW, "POST"));
        }
        Kind::StoreAway | Kind::Unsure => {
            response.insert_header((header::RETRY_AFTER, "2"));
        }
        Kind::Run | Kind::Refused | Kind::Late => {}
    }
    let mut response = response.body(answer.body);
    response.extensions_mut().insert(Operation { name: answer.operation, outcome: answer.outcome });
    response
}

fn not_ready(state: &Shared) -> Option<Refusal> {
    let words = format!("not ready: {}", state.readiness.reason()?);
    Some(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "NOT_READY", words))
}

fn status(kind: Kind, media: &str) -> StatusCode {
    match kind {
        Kind::Run => StatusCode::OK,
        Kind::Refused if media == RESPONSE_JSON => StatusCode::BAD_REQUEST,
        Kind::Refused => StatusCode::OK,
        Kind::NotARead => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Late | Kind::Unsure => StatusCode::GATEWAY_TIMEOUT,
        Kind::StoreAway => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Runs a question on the runtime that the store's connections live on, not on this worker's own
/// thread, which has other requests to read. Ends with the request; `None` when it panicked.
async fn run(api: Api, question: Question) -> Option<Answer> {
    struct EndWithMe(tokio::task::AbortHandle);
    impl Drop for EndWithMe {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let span = tracing::Span::current();
    let task = super::server::runtime().spawn(async move { api.execute(question).await }.instrument(span));
    let _guard = EndWithMe(task.abort_handle());
    task.await.ok()
}

/// Counts an operation that was answered by a transport of several answers.
fn count(outcome: &'static str) {
    metrics::counter!("throughline_graphql_operations_total", "outcome" => outcome).increment(1);
}

/// What a stream answers when its resolvers panicked.
fn panicked(request_id: &str) -> Answer {
    tracing::error!(request_id, "a resolver panicked");
    let error = serde_json::json!({ "message": "internal error",
        "extensions": { "code": "INTERNAL", "requestId": request_id } });
    let body = serde_json::json!({ "data": null, "errors": [error] }).to_string().into_bytes();
    Answer { body, kind: Kind::Run, outcome: "INTERNAL", operation: None }
}

fn internal(request: &HttpRequest) -> Refusal {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    tracing::error!(request_id = id, "a resolver panicked");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "internal error").with("requestId", id)
}

fn refuse(refusal: Refusal, media: &'static str) -> HttpResponse {
    let mut answer = refusal.answer(media);
    answer.extensions_mut().insert(Operation { name: None, outcome: refusal.code() });
    answer
}
