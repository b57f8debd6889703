//! Reads a GraphQL request from a body or from the query string, and checks the types of its parameters.

use std::borrow::Cow;
use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web;
use serde_json::value::{RawValue, to_raw_value};

use super::accept::is_utf8;
use crate::domain::surrogate;
use crate::graphql::execute::GraphqlRequest;
use crate::graphql::limits::mend;
use crate::http::body;
use crate::http::refusal::Refusal;
use crate::ingest::json::Object;

/// The maximum number of bytes of a body, as sent and as decompressed.
pub(super) const BODY: usize = 1024 * 1024;

/// The parameters of a request as JSON text, so that numbers in variables keep all digits.
pub(in crate::http) type Parameters = BTreeMap<String, Box<RawValue>>;

/// Reads a request from a body.
pub(super) async fn from_body(headers: &HeaderMap, payload: web::Payload) -> Result<GraphqlRequest, Refusal> {
    request(body_parameters(headers, payload, FORM).await?)
}

/// Reads the parameters of a body. `form` is the hint when it has another form.
pub(in crate::http) async fn body_parameters(
    headers: &HeaderMap,
    payload: web::Payload,
    form: &str,
) -> Result<Parameters, Refusal> {
    check_type(headers)?;
    let bytes = body::read(headers, payload, BODY).await?;
    // The parser's message would repeat parts of the body, so only the position is given.
    let not_json = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        bad("body", format!("the body is not JSON: line {line}, column {column}"), form)
    };
    let body: &RawValue = serde_json::from_slice(&bytes).map_err(not_json)?;
    match body.get().as_bytes().first() {
        Some(b'{') => parameters(body.get()).map_err(not_json),
        Some(b'[') => Err(bad("body", "a list of operations is not supported", "send one operation in a request")),
        _ => Err(bad("body", "the body is not a JSON object", form)),
    }
}

/// Reads a request from the query string of an address. It may only be a query.
pub(super) fn from_url(query: &str) -> Result<GraphqlRequest, Refusal> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query);
    let pairs = pairs.map_err(|_| bad("address", "the address cannot be read", "?query=…&variables=…"))?.into_inner();
    let mut parameters = Parameters::new();
    for (name, text) in pairs {
        let value = match name.as_str() {
            "query" | "operationName" => to_raw_value(&text),
            "variables" | "extensions" if text.is_empty() => continue,
            "variables" | "extensions" => RawValue::from_string(text),
            _ => continue,
        };
        let value = value.map_err(|_| bad(&name, format!("`{name}` is not JSON"), "a JSON object, percent-encoded"))?;
        if parameters.insert(name.clone(), value).is_some() {
            return Err(bad(&name, format!("`{name}` is given twice"), "once"));
        }
    }
    Ok(GraphqlRequest { only_queries: true, ..request(parameters)? })
}

const FORM: &str = "{\"query\": \"…\", \"variables\": {…}, \"operationName\": \"…\"}";

/// The parameters that a JSON object has.
pub(super) fn parameters(text: &str) -> serde_json::Result<Parameters> {
    let object = Object::read(text)?;
    Ok(object.entries().map(|(name, value)| (name.to_string(), value.to_owned())).collect())
}

/// A request from its parameters. Half a character becomes U+FFFD, so that only its text is changed and the request
/// still runs. In variables it stays, so that the reader of events can give its position.
pub(super) fn request(mut parameters: Parameters) -> Result<GraphqlRequest, Refusal> {
    let mut take = |name: &str| parameters.remove(name).filter(|value| value.get() != "null");
    let text = |value: Box<RawValue>| {
        let mended = surrogate::mend(value.get());
        Some((serde_json::from_str::<String>(&mended).ok()?, matches!(mended, Cow::Owned(_))))
    };
    let (query, had_halves) = match take("query").map(text) {
        Some(Some((query, of_json))) => {
            let (mended, of_document) = mend(&query);
            (mended.into_owned(), of_json || of_document)
        }
        None => return Err(bad("query", "`query` is missing", FORM)),
        Some(None) => return Err(bad("query", "`query` is not a string", "the text of a GraphQL document")),
    };
    let operation_name = match take("operationName").map(text) {
        // Some clients send null for an absent parameter.
        None => None,
        Some(Some((name, _))) => Some(name).filter(|name| !name.is_empty()),
        Some(None) => return Err(bad("operationName", "`operationName` is not a string", "a name, or null")),
    };
    let variables = object(take("variables"), "variables")?;
    object(take("extensions"), "extensions")?;
    Ok(GraphqlRequest { query, had_halves, operation_name, variables, ..GraphqlRequest::default() })
}

fn object(value: Option<Box<RawValue>>, name: &str) -> Result<Option<Box<RawValue>>, Refusal> {
    match value {
        Some(value) if !value.get().starts_with('{') => {
            Err(bad(name, format!("`{name}` is not an object"), "a JSON object, or null"))
        }
        value => Ok(value),
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let refuse = |part, message: &str, hint| Err(Refusal::bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, part, message, hint));
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';');
    if !parts.next().is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json")) {
        return refuse("content-type", "the body's `Content-Type` must be application/json", "application/json");
    }
    let charset = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    });
    if charset.is_some_and(|charset| !is_utf8(charset)) {
        return refuse("content-type", "the body must be in UTF-8", "application/json; charset=utf-8");
    }
    Ok(())
}

fn bad(part: &str, message: impl Into<String>, hint: &str) -> Refusal {
    Refusal::bad(StatusCode::BAD_REQUEST, part, message, hint)
}
