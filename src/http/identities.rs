//! `/v1/identities`: which customer has an identifier, for machines.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::access;
use super::app::Shared;
use super::body;
use super::machine::{self, JSON};
use super::refusal::Refusal;
use crate::access::Caller;
use crate::domain::ProblemCode;
use crate::domain::purpose::Purpose;
use crate::graphql::identifier::IdentifierInput;
use crate::graphql::identities::Identity;
use crate::graphql::rights;

/// The maximum number of identifiers of one request.
const MOST_IDENTIFIERS: usize = 1_000;
/// The maximum number of bytes of a body, as sent and as decompressed.
const BODY: usize = 1024 * 1024;
/// The caller of a request, and its purpose.
type Asker = (Option<Purpose>, Arc<Caller>);

const FORM: &str = "{\"identifiers\": [{\"kind\": \"email\", \"value\": \"…\"}]}";

/// `GET /v1/identities/{kind}/{value}`
pub(super) async fn by_get(
    request: HttpRequest,
    path: Result<web::Path<(String, String)>, actix_web::Error>,
    state: Shared,
) -> HttpResponse {
    let caller = match admit(&request, &state) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.answer(JSON),
    };
    let Ok(path) = path else {
        let message = "the path is not percent-encoded UTF-8";
        return Refusal::bad(StatusCode::BAD_REQUEST, "path", message, "/v1/identities/{kind}/{value}").answer(JSON);
    };
    let (kind, value) = path.into_inner();
    let found = find(&request, &state, caller, vec![IdentifierInput { kind, value }], |_| "kind".to_owned()).await;
    let identity = match found.map(|mut found| found.pop().flatten()) {
        Ok(Some(identity)) => identity,
        Ok(None) => {
            let message = "no identifier of this kind has this value";
            return Refusal::new(StatusCode::NOT_FOUND, ProblemCode::NotFound.as_str(), message).answer(JSON);
        }
        Err(refusal) => return refusal.answer(JSON),
    };
    let tag = format!("\"{}\"", identity.version);
    let unchanged = has_tag(request.headers(), &tag);
    let mut answer = HttpResponse::build(if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    // `no-cache`: keep it, and ask each time whether it has changed.
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "private, no-cache"));
    match unchanged {
        true => answer.finish(),
        false => answer.content_type(JSON).body(json!(identity).to_string()),
    }
}

/// `POST /v1/identities`
pub(super) async fn by_post(request: HttpRequest, payload: web::Payload, state: Shared) -> HttpResponse {
    let caller = match admit(&request, &state) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.answer(JSON),
    };
    let asked = match read(request.headers(), payload).await {
        Ok(asked) => asked,
        Err(refusal) => return machine::not_ready(&state).unwrap_or(refusal).answer(JSON),
    };
    match find(&request, &state, caller, asked, |n| format!("identifiers.{n}.kind")).await {
        Ok(identities) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type(JSON)
            .body(json!({ "identities": identities }).to_string()),
        Err(refusal) => refusal.answer(JSON),
    }
}

/// Any other method.
pub(super) async fn by_other(request: HttpRequest) -> HttpResponse {
    let is_one = !request.match_info().is_empty();
    machine::method_not_allowed(if is_one { "GET" } else { "POST" })
}

/// A caller that may see identifiers, and the purpose of its request.
fn admit(request: &HttpRequest, state: &Shared) -> Result<Asker, Refusal> {
    let caller = access::admit_reader(request, state)?.caller;
    match rights::allows(&caller.permissions, "Query", "identifier") {
        true => Ok((access::purpose(request, state, &caller)?, caller)),
        false => Err(access::forbidden(format!("the role {} may not have identities", caller.role().name()))),
    }
}

async fn find(
    request: &HttpRequest,
    state: &Shared,
    (purpose, caller): Asker,
    asked: Vec<IdentifierInput>,
    argument: fn(usize) -> String,
) -> Result<Vec<Option<Identity>>, Refusal> {
    if let Some(refusal) = machine::not_ready(state) {
        return Err(refusal);
    }
    let identities = state.identities.clone();
    let found = machine::run(async move { identities.find(caller, purpose.as_ref(), &asked, argument).await }).await;
    let found = found.ok_or_else(|| machine::internal(request))?;
    found.map_err(|error| machine::refusal(error, request))
}

#[derive(Deserialize)]
struct Asked {
    identifiers: Vec<AskedIdentifier>,
}

#[derive(Deserialize)]
struct AskedIdentifier {
    kind: String,
    value: String,
}

async fn read(headers: &HeaderMap, payload: web::Payload) -> Result<Vec<IdentifierInput>, Refusal> {
    let bytes = body::read(headers, payload, BODY).await?;
    // The parser's message would repeat parts of the body, so only the position is given.
    let bad = |error: serde_json::Error| {
        let what = if error.is_data() { "has not the right form" } else { "is not JSON" };
        let message = format!("the body {what}: line {}, column {}", error.line(), error.column());
        Refusal::bad(StatusCode::BAD_REQUEST, "body", message, FORM)
    };
    let Asked { identifiers } = serde_json::from_slice(&bytes).map_err(bad)?;
    if identifiers.len() > MOST_IDENTIFIERS {
        let message = format!("{} identifiers are too many; the limit is {MOST_IDENTIFIERS}", identifiers.len());
        let refusal = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE", message);
        return Err(refusal
            .with("measure", "identifiers")
            .with("cost", identifiers.len())
            .with("limit", MOST_IDENTIFIERS));
    }
    Ok(identifiers.into_iter().map(|AskedIdentifier { kind, value }| IdentifierInput { kind, value }).collect())
}

/// Whether `If-None-Match` has this tag (RFC 9110, section 13.1.2: weak comparison).
fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers.get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    given
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}
