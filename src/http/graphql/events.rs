//! Answers as server-sent events, as graphql-sse has it in distinct connections mode: a request is one
//! operation, each answer an event `next`, and `complete` the last.
//!
//! Where the client does not read, the operation waits; after [`STALL`] it is dropped: its last event
//! says why, when it comes to read that.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use actix_web::http::header::{self, HeaderName};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tracing::Instrument;

use super::super::app::Shared;
use super::super::observe::{Operation, RequestId};
use super::super::sockets::{Seat, Transport};
use crate::graphql::execute::{Answer, Answers, Begun, Question};

/// How often a line is sent that says nothing, so that nobody between takes the silence for an end.
const KEEP_ALIVE: Duration = Duration::from_secs(12);
/// How long nothing may be read by the client while there is something to read; and how much longer
/// it is then waited for, so that it can be told why.
const STALL: Duration = Duration::from_secs(10);
const LAST_WORDS: Duration = Duration::from_secs(20);
/// How long the headers wait for the operation to begin.
const BEGIN_WITHIN: Duration = Duration::from_secs(5);
/// How many events wait to be written.
const QUEUE: usize = 16;

/// Answers a question event by event. The headers are sent when the operation has begun: a client who
/// has them is told of all that happens from then on.
pub(super) async fn respond(request: &HttpRequest, state: &Shared, question: Question) -> HttpResponse {
    let seat = match state.sockets.take(Transport::Events) {
        Ok(seat) => seat,
        Err(refusal) => return super::refuse(refusal, super::JSON),
    };
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let begun = Begun::default();
    let answers = state.api.stream(question, begun.clone());
    let (sender, events) = mpsc::channel(QUEUE);
    let (opened, open) = oneshot::channel();
    let panicked = sender.clone();
    let work = async move {
        if AssertUnwindSafe(run(answers, begun, sender, seat, opened)).catch_unwind().await.is_err() {
            let answer = super::panicked(&request_id);
            let _ = panicked.send(next(&answer)).await;
            let _ = panicked.send(complete()).await;
        }
    };
    let task = super::super::server::runtime().spawn(work.in_current_span());
    let body = Body { events, _task: EndWithMe(task.abort_handle()) };
    let operation = open.await.unwrap_or(Operation { name: None, outcome: "INTERNAL" });
    let body = futures_util::stream::unfold(body, async |mut body| {
        let event = body.events.recv().await?;
        Some((Ok::<_, actix_web::Error>(event), body))
    });
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // An event that waits in a compressor, or in a proxy, is no event.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"));
    let mut response = response.streaming(Box::pin(body));
    response.extensions_mut().insert(operation);
    response
}

/// What is being sent; the operation ends with it.
struct Body {
    events: mpsc::Receiver<Bytes>,
    _task: EndWithMe,
}

struct EndWithMe(AbortHandle);

impl Drop for EndWithMe {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn run(
    mut answers: Answers,
    begun: Begun,
    events: mpsc::Sender<Bytes>,
    seat: Seat,
    opened: oneshot::Sender<Operation>,
) {
    let _counted = Transport::Events.count_subscription();
    let mut first = tokio::select! {
        biased;
        first = answers.next() => Some(first),
        () = begun.wait() => None,
        () = tokio::time::sleep(BEGIN_WITHIN) => None,
    };
    let name = first.as_ref().and_then(|first| first.as_ref()?.operation.clone());
    let outcome = first.as_ref().and_then(|first| Some(first.as_ref()?.outcome)).unwrap_or("OK");
    // Whoever asked may have gone already.
    let _ = opened.send(Operation { name, outcome });
    let mut ending = pin!(seat.ending());
    loop {
        let event = match first.take() {
            Some(first) => first.as_ref().map_or_else(complete, next),
            None => tokio::select! {
                biased;
                // No `complete`: a client that sees none comes back.
                () = &mut ending => return,
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
                tracing::info!("a client that did not read its events is dropped");
                let _ = timeout(LAST_WORDS, events.send(too_slow())).await;
                return;
            }
        }
    }
}

/// An answer. JSON of ours has no line breaks.
fn next(answer: &Answer) -> Bytes {
    let mut event = Vec::with_capacity(answer.body.len() + 32);
    event.extend_from_slice(b"event: next\ndata: ");
    event.extend_from_slice(&answer.body);
    event.extend_from_slice(b"\n\n");
    event.into()
}

/// The end. Without a `data` line browsers would not tell of it.
fn complete() -> Bytes {
    Bytes::from_static(b"event: complete\ndata:\n\n")
}

fn too_slow() -> Bytes {
    let words = "too slow: nothing was read for 10 s; ask again after the last cursor";
    let error = json!({ "message": words, "extensions": { "code": "RATE_LIMITED", "retryAfterSeconds": 1 } });
    format!("event: next\ndata: {}\n\nevent: complete\ndata:\n\n", json!({ "errors": [error] })).into()
}
