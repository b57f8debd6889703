//! A question out of a body or an address: what must be a text is one, what must be an object too.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Read, copy};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web;
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use serde_json::value::{RawValue, to_raw_value};

use super::accept::is_utf8;
use crate::domain::surrogate;
use crate::graphql::execute::Question;
use crate::graphql::limits::mend;
use crate::http::body::Refusal;
use crate::ingest::json::Object;

/// The most bytes of a body, as it is sent and as it is once unpacked.
pub(super) const BODY: usize = 1024 * 1024;
/// How long a client may take to send it.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// The parameters of a question, each as it was sent: variables hold numbers, and those keep their digits.
pub(super) type Parameters = BTreeMap<String, Box<RawValue>>;

/// A question from a body.
pub(super) async fn from_body(headers: &HeaderMap, body: web::Payload) -> Result<Question, Refusal> {
    check_type(headers)?;
    let packing = packing(headers)?;
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(length) = length.filter(|length| *length > BODY) {
        return Err(too_long(length));
    }
    let late = |_| Refusal::bad(StatusCode::REQUEST_TIMEOUT, "body", "the body took too long to come", "send it again");
    let bytes = tokio::time::timeout(BODY_WITHIN, collect(body)).await.map_err(late)??;
    let bytes = match packing {
        Packing::None => bytes,
        Packing::Gzip => unpack(&bytes)?,
    };
    // Its own words would show what was sent, and where is enough.
    let not_json = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        bad("body", format!("the body is not JSON: line {line}, column {column}"), FORM)
    };
    let body: &RawValue = serde_json::from_slice(&bytes).map_err(not_json)?;
    match body.get().as_bytes().first() {
        Some(b'{') => question(parameters(body.get()).map_err(not_json)?),
        Some(b'[') => Err(bad("body", "a list of operations is not taken", "one operation a request")),
        _ => Err(bad("body", "the body is no JSON object", FORM)),
    }
}

/// A question from the query part of an address; it may only read.
pub(super) fn from_url(query: &str) -> Result<Question, Refusal> {
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
    Ok(Question { only_reads: true, ..question(parameters)? })
}

const FORM: &str = "{\"query\": \"…\", \"variables\": {…}, \"operationName\": \"…\"}";

/// The parameters that a JSON object has.
pub(super) fn parameters(text: &str) -> serde_json::Result<Parameters> {
    let object: Object<'_> = serde_json::from_str(text)?;
    Ok(object.entries().map(|(name, value)| (name.to_string(), value.to_owned())).collect())
}

/// A question out of its parameters. Half a character is U+FFFD, so that it costs its own text and not the request;
/// in variables it stays, for the reader of events to say where it stands.
pub(super) fn question(mut parameters: Parameters) -> Result<Question, Refusal> {
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
        Some(None) => return Err(bad("query", "`query` is no text", "the text of a GraphQL document")),
    };
    let operation_name = match take("operationName").map(text) {
        // What some clients send for none.
        None => None,
        Some(Some((name, _))) => Some(name).filter(|name| !name.is_empty()),
        Some(None) => return Err(bad("operationName", "`operationName` is no text", "a name, or null")),
    };
    let variables = object(take("variables"), "variables")?;
    object(take("extensions"), "extensions")?;
    Ok(Question { query, had_halves, operation_name, variables, ..Question::default() })
}

fn object(value: Option<Box<RawValue>>, name: &str) -> Result<Option<Box<RawValue>>, Refusal> {
    match value {
        Some(value) if !value.get().starts_with('{') => {
            Err(bad(name, format!("`{name}` is no object"), "a JSON object, or null"))
        }
        value => Ok(value),
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let refuse = |part, words: &str, hint| Err(Refusal::bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, part, words, hint));
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

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
}

fn packing(headers: &HeaderMap) -> Result<Packing, Refusal> {
    let given = headers.get_all(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
    let codings = given.flat_map(|value| value.split(',')).map(|coding| coding.trim().to_ascii_lowercase());
    let codings: Vec<String> = codings.filter(|coding| !coding.is_empty() && coding != "identity").collect();
    match codings.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(Packing::None),
        // Two names of one thing (RFC 9110, section 8.4.1.3).
        ["gzip" | "x-gzip"] => Ok(Packing::Gzip),
        _ => {
            let words = "a body is taken as it is, or packed once by gzip";
            Err(Refusal::bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding", words, "gzip"))
        }
    }
}

/// Unpacks no further than a body may be long: a few bytes can stand for any number of them.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut plain = MultiGzDecoder::new(packed).take(BODY as u64 + 1);
    copy(&mut plain, &mut bytes)
        .map_err(|_| bad("body", "the body is not gzip, as its `Content-Encoding` says", "gzip"))?;
    if bytes.len() > BODY { Err(too_long(bytes.len())) } else { Ok(bytes) }
}

async fn collect(mut body: web::Payload) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| bad("body", "the body broke off", "send it again"))?;
        if bytes.len() + chunk.len() > BODY {
            return Err(too_long(bytes.len() + chunk.len()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_long(length: usize) -> Refusal {
    let words = format!("the body has {length} bytes or more, unpacked, at most {BODY} are taken");
    let refusal = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE", words);
    refusal.with("measure", "body").with("cost", length).with("limit", BODY)
}

fn bad(part: &str, words: impl Into<String>, hint: &str) -> Refusal {
    Refusal::bad(StatusCode::BAD_REQUEST, part, words, hint)
}
