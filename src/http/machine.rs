//! What the paths for machines have in common: whether the server is ready, and work on the runtime of the store's
//! connections; under `/v1` also errors as JSON.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use tokio::task::AbortHandle;
use tracing::Instrument;

use super::app::State;
use super::observe::RequestId;
use super::refusal::Refusal;
use crate::domain::ProblemCode;
use crate::graphql::error::PlainError;
use crate::graphql::execute::is_code_of_store;
use crate::ingest::wire::WireCall;

/// The media type of the answers.
pub(super) use super::graphql::JSON;

/// The paths under `/v1`, for the answer to an unknown one: the calls of the wire by their long names, then by their
/// short ones, and the identities.
pub(super) fn paths() -> Vec<String> {
    let names = WireCall::ALL.iter().map(|(long, ..)| long).chain(WireCall::ALL.iter().map(|(_, short, _)| short));
    let mut paths: Vec<String> = names.map(|name| format!("POST /v1/{name}")).collect();
    paths.extend(["GET /v1/identities/{kind}/{value}", "POST /v1/identities"].map(str::to_owned));
    paths
}

/// Any other path under `/v1`.
pub(super) async fn unknown_path() -> HttpResponse {
    let message = "there is nothing at this path";
    Refusal::new(StatusCode::NOT_FOUND, ProblemCode::NotFound.as_str(), message).with("paths", paths()).answer(JSON)
}

/// The refusal of a method.
pub(super) fn method_not_allowed(allow: &'static str) -> HttpResponse {
    let message = format!("the methods of this path: {allow}");
    let mut answer = Refusal::bad(StatusCode::METHOD_NOT_ALLOWED, "method", message, allow).answer(JSON);
    answer.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(allow));
    answer
}

/// The refusal while the server is not ready.
pub(super) fn not_ready(state: &State) -> Option<Refusal> {
    let message = format!("not ready: {}", state.readiness.reason()?);
    Some(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "NOT_READY", message))
}

/// Does work on the runtime of the store's connections, not on this worker's thread, which reads other requests.
/// Dropping the future cancels it. `None` when it panicked.
pub(super) async fn run<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let task = super::server::runtime().spawn(work.instrument(tracing::Span::current()));
    let _guard = AbortOnDrop(task.abort_handle());
    task.await.ok()
}

/// Ends a task when it is dropped.
pub(super) struct AbortOnDrop(pub(super) AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The refusal of an error.
pub(super) fn refusal(error: PlainError, request: &HttpRequest) -> Refusal {
    if error.code == "INTERNAL" {
        return internal(request);
    }
    let refusal = Refusal::new(status(error.code), error.code, error.message);
    error.more.into_iter().fold(refusal, |refusal, (name, value)| refusal.with(&name, value))
}

/// The status of an answer whose error has this code.
pub(super) fn status(code: &str) -> StatusCode {
    match code {
        "FORBIDDEN" => StatusCode::FORBIDDEN,
        "TIMEOUT" => StatusCode::GATEWAY_TIMEOUT,
        "INTERNAL" => StatusCode::INTERNAL_SERVER_ERROR,
        code if code == "NOT_READY" || is_code_of_store(code) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The refusal after a fault of the server.
pub(super) fn internal(request: &HttpRequest) -> Refusal {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    tracing::error!(request_id = id, "a request failed");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "internal error").with("requestId", id)
}
