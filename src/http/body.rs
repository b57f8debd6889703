//! Reads the body of a request, plain or packed by gzip, up to a limit.

use std::io::{Read, copy};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use actix_web::web;
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;

use super::refusal::Refusal;

/// How long a client may take to send a body.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// The bytes of a body, decompressed. `limit` is the maximum number of bytes, as sent and as decompressed.
pub(super) async fn read(headers: &HeaderMap, body: web::Payload, limit: usize) -> Result<Vec<u8>, Refusal> {
    let compression = compression(headers)?;
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(length) = length.filter(|length| *length > limit) {
        return Err(too_long(length, limit));
    }
    let late =
        |_| Refusal::bad(StatusCode::REQUEST_TIMEOUT, "body", "the body took too long to arrive", "send it again");
    let bytes = tokio::time::timeout(BODY_WITHIN, collect(body, limit)).await.map_err(late)??;
    match compression {
        Compression::None => Ok(bytes),
        Compression::Gzip => unpack(&bytes, limit),
    }
}

/// The compression of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
}

fn compression(headers: &HeaderMap) -> Result<Compression, Refusal> {
    let given = headers.get_all(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
    let codings = given.flat_map(|value| value.split(',')).map(|coding| coding.trim().to_ascii_lowercase());
    let codings: Vec<String> = codings.filter(|coding| !coding.is_empty() && coding != "identity").collect();
    match codings.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(Compression::None),
        // `x-gzip` is another name of `gzip` (RFC 9110, section 8.4.1.3).
        ["gzip" | "x-gzip"] => Ok(Compression::Gzip),
        _ => {
            let message = "a body must be uncompressed, or compressed once with gzip";
            Err(Refusal::bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding", message, "gzip"))
        }
    }
}

/// Decompresses a body up to the limit: a few bytes can expand to any size.
fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut plain = MultiGzDecoder::new(packed).take(limit as u64 + 1);
    copy(&mut plain, &mut bytes)
        .map_err(|_| bad("body", "the body is not gzip, although its `Content-Encoding` says so", "gzip"))?;
    if bytes.len() > limit { Err(too_long(bytes.len(), limit)) } else { Ok(bytes) }
}

async fn collect(mut body: web::Payload, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| bad("body", "the body is incomplete", "send it again"))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_long(bytes.len() + chunk.len(), limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_long(length: usize, limit: usize) -> Refusal {
    let message = format!("the body has {length} bytes or more, decompressed; the limit is {limit}");
    let refusal = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE", message);
    refusal.with("measure", "body").with("cost", length).with("limit", limit)
}

fn bad(part: &str, message: impl Into<String>, hint: &str) -> Refusal {
    Refusal::bad(StatusCode::BAD_REQUEST, part, message, hint)
}
