//! Answers as server-sent events, by graphql-sse in distinct connections mode: a request is one operation, each answer
//! is an event `next`, and the last event is `complete`.
//!
//! While the client does not read, the operation waits. After [`STALL`] it is cancelled, and the last event says why.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use actix_web::http::header::{self, HeaderName};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::Instrument;

use super::super::access::Pass;
use super::super::app::Shared;
use super::super::machine::AbortOnDrop;
use super::super::observe::{Operation, RequestId};
use super::super::sockets::{Seat, Transport};
use crate::graphql::execute::{GraphqlRequest, GraphqlResponse, GraphqlResponses, Started};

/// How often an empty comment is sent, so that proxies do not close a silent connection.
const KEEP_ALIVE: Duration = Duration::from_secs(12);
/// How long a client may not read while there is something to read, and how much longer the last event waits for it.
const STALL: Duration = Duration::from_secs(10);
const FINAL_WAIT: Duration = Duration::from_secs(20);
/// How long the headers wait for the start of the operation.
const BEGIN_WITHIN: Duration = Duration::from_secs(5);
/// The maximum number of events that wait to be written.
const QUEUE: usize = 16;

/// Answers a request as events. The headers are sent when the operation has started: a client that has them gets
/// everything that happens from then on.
pub(super) async fn respond(request: &HttpRequest, state: &Shared, query: GraphqlRequest, pass: Pass) -> HttpResponse {
    let seat = match state.sockets.take(Transport::Events) {
        Ok(seat) => seat,
        Err(refusal) => return super::refuse(refusal, super::JSON),
    };
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let started = Started::default();
    let answers = state.api.stream(query, started.clone());
    let (sender, events) = mpsc::channel(QUEUE);
    let (opened, open) = oneshot::channel();
    let panicked = sender.clone();
    let work = async move {
        if AssertUnwindSafe(run(answers, started, sender, seat, pass, opened)).catch_unwind().await.is_err() {
            let answer = super::panicked(&request_id);
            let _ = panicked.send(next(&answer)).await;
            let _ = panicked.send(complete()).await;
        }
    };
    let task = super::super::server::runtime().spawn(work.in_current_span());
    let body = Body { events, _task: AbortOnDrop(task.abort_handle()) };
    let operation = open.await.unwrap_or(Operation { name: None, outcome: "INTERNAL" });
    let body = futures_util::stream::unfold(body, async |mut body| {
        let event = body.events.recv().await?;
        Some((Ok::<_, actix_web::Error>(event), body))
    });
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Neither compression nor a proxy may hold events back.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"));
    let mut response = response.streaming(Box::pin(body));
    response.extensions_mut().insert(operation);
    response
}

/// The body that is being sent. Dropping it cancels the operation.
struct Body {
    events: mpsc::Receiver<Bytes>,
    _task: AbortOnDrop,
}

async fn run(
    mut answers: GraphqlResponses,
    started: Started,
    events: mpsc::Sender<Bytes>,
    seat: Seat,
    pass: Pass,
    opened: oneshot::Sender<Operation>,
) {
    let _counted = Transport::Events.count_subscription();
    let mut first = tokio::select! {
        biased;
        first = answers.next() => Some(first),
        () = started.wait() => None,
        () = tokio::time::sleep(BEGIN_WITHIN) => None,
    };
    let name = first.as_ref().and_then(|first| first.as_ref()?.operation.clone());
    let outcome = first.as_ref().and_then(|first| Some(first.as_ref()?.outcome)).unwrap_or("OK");
    // The client may be gone already.
    let _ = opened.send(Operation { name, outcome });
    let (mut ending, mut pass_ended) = (pin!(seat.ending()), pin!(pass.ended()));
    loop {
        let event = match first.take() {
            Some(first) => first.as_ref().map_or_else(complete, next),
            None => tokio::select! {
                biased;
                // Without `complete` the client reconnects.
                () = &mut ending => return,
                () = &mut pass_ended => {
                    drop(answers);
                    let _ = timeout(FINAL_WAIT, events.send(key_ended())).await;
                    return;
                }
                answer = answers.next() => answer.as_ref().map_or_else(complete, next),
                () = tokio::time::sleep(KEEP_ALIVE) => Bytes::from_static(b":\n\n"),
            },
        };
        let ended = event == complete();
        let written = tokio::select! {
            biased;
            () = &mut ending => return,
            written = timeout(STALL, events.send(event)) => written,
        };
        match written {
            Ok(Ok(())) if ended => return,
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                drop(answers);
                Transport::Events.note_slow();
                tracing::info!("a client is disconnected because it did not read its events");
                let _ = timeout(FINAL_WAIT, events.send(too_slow())).await;
                return;
            }
        }
    }
}

/// The event of an answer. Its JSON has no line breaks.
fn next(answer: &GraphqlResponse) -> Bytes {
    let mut event = Vec::with_capacity(answer.body.len() + 32);
    event.extend_from_slice(b"event: next\ndata: ");
    event.extend_from_slice(&answer.body);
    event.extend_from_slice(b"\n\n");
    event.into()
}

/// The last event. Without a `data` line browsers would ignore it.
fn complete() -> Bytes {
    Bytes::from_static(b"event: complete\ndata:\n\n")
}

/// The last event when the caller's key has expired or was revoked.
fn key_ended() -> Bytes {
    let message = "the key has expired or was revoked";
    let error = json!({ "message": message, "extensions": { "code": "UNAUTHENTICATED" } });
    format!("event: next\ndata: {}\n\nevent: complete\ndata:\n\n", json!({ "errors": [error] })).into()
}

fn too_slow() -> Bytes {
    let message = "too slow: the client did not read for 10 s; subscribe again after the last cursor";
    let error = json!({ "message": message, "extensions": { "code": "RATE_LIMITED", "retryAfterSeconds": 1 } });
    format!("event: next\ndata: {}\n\nevent: complete\ndata:\n\n", json!({ "errors": [error] })).into()
}
