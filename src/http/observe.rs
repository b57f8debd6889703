//! A log line and a metric for each request, without its text, variables or values.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, http::Method};
use tracing::Instrument;

use super::access::CallerName;
use super::app::Shared;
use super::client::Client;
use crate::ingest::wire::WireCall;

/// The header with a request's id, in requests and answers.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id: the caller's when it is safe to log, else a new one.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

/// The operation of a GraphQL request. A handler puts it into the extensions of its response.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// The operation's name.
    pub(super) name: Option<String>,
    /// `OK`, or a code.
    pub(super) outcome: &'static str,
}

/// Middleware: gives each request an id, a span, a log line and a metric.
pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begin = Instant::now();
    let id = RequestId::of(request.headers());
    let trace = trace_id(request.headers()).map(str::to_owned);
    let method = method_label(request.method());
    request.extensions_mut().insert(id.clone());
    let client = client(&request);
    let address = client.address;
    request.extensions_mut().insert(client);

    let span = tracing::info_span!("request", request_id = %id.0, trace_id = trace);
    let mut response = next.call(request).instrument(span).await?;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }

    let seconds = begin.elapsed().as_secs_f64();
    let path = response.request().match_pattern();
    let path = path.as_deref().map_or("none", path_label).to_owned();
    let status = response.status().as_u16();
    let operation = response.response_mut().extensions_mut().remove::<Operation>();
    // Those of Segment's wire are the browsers of customers.
    let is_refused = matches!(status, 401 | 403 | 429) && !is_wire(&path);
    let client = is_refused.then(|| address.to_string());
    let caller = response.request().extensions().get::<CallerName>().map(|caller| caller.0.to_string());
    let labels = [("method", method.to_owned()), ("path", path.clone()), ("status", status.to_string())];
    metrics::histogram!("throughline_http_request_seconds", &labels).record(seconds);
    if let Some(operation) = &operation {
        metrics::counter!("throughline_graphql_operations_total", "outcome" => operation.outcome).increment(1);
    }

    let (name, outcome) = operation.map_or((None, None), |operation| (operation.name, Some(operation.outcome)));
    let ms = (seconds * 1_000_000.0).round() / 1_000.0;
    // Probes come every few seconds.
    if path.starts_with("/health") || path == "/metrics" {
        tracing::debug!(method, path, status, ms, request_id = id.0, trace_id = trace, "request");
    } else {
        tracing::info!(
            method,
            path,
            status,
            ms,
            request_id = id.0,
            trace_id = trace,
            caller,
            client,
            operation = name,
            outcome,
            "request"
        );
    }
    Ok(response)
}

/// The client of a request.
fn client(request: &ServiceRequest) -> Client {
    let trusted = request.app_data::<Shared>().map(|state| state.trusted_proxies.clone()).unwrap_or_default();
    let peer = request.peer_addr().map(|peer| peer.ip());
    Client::of(peer, request.app_config().secure(), request.headers(), &trusted)
}

impl RequestId {
    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let fit = |id: &&str| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        Self(given.filter(fit).map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned))
    }
}

/// The trace id of W3C's `traceparent`: `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let parent = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = parent.split('-');
    let (version, trace, span, _flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_set = |part: &str| part.bytes().any(|byte| byte != b'0');
    let good = is_hex(version, 2) && version != "ff" && is_hex(trace, 32) && is_hex(span, 16);
    (good && is_set(trace) && is_set(span)).then_some(trace)
}

/// A closed list: a client can invent methods, and each would be a metric series of its own.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Whether a path is of Segment's wire.
fn is_wire(path: &str) -> bool {
    path.strip_prefix("/v1/").is_some_and(|name| WireCall::named(name).is_some())
}

/// The label of the console's files, whose route pattern is not readable.
fn path_label(pattern: &str) -> &str {
    if pattern.starts_with("/{") { "/" } else { pattern }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
        headers
    }

    #[test]
    fn a_callers_request_id_is_kept_when_it_is_safe_to_log() {
        let kept = |value: &str| RequestId::of(&headers("x-request-id", value)).0 == value;
        assert!(kept("a") && kept("7F.b_c-9") && kept(&"x".repeat(64)));
        assert!(!kept("") && !kept("a b") && !kept("a\"b") && !kept(&"x".repeat(65)));
        assert_eq!(RequestId::of(&HeaderMap::new()).0.len(), 36);
    }

    #[test]
    fn the_trace_id_is_read_from_a_good_traceparent_alone() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(trace_id(&headers("traceparent", good)), Some("0af7651916cd43dd8448eb211c80319c"));
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-jane@example.com-b7ad6b7169203331-01",
        ] {
            assert_eq!(trace_id(&headers("traceparent", bad)), None, "{bad}");
        }
    }
}
