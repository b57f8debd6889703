//! Error answers in GraphQL's form, for requests that cannot be read as a GraphQL request.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use serde_json::{Map, Value, json};

/// Why a request is refused, with the HTTP status.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    code: &'static str,
    message: String,
    more: Map<String, Value>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), more: Map::new() }
    }

    /// The refusal of an invalid part of the request.
    pub(super) fn bad(status: StatusCode, part: &str, message: impl Into<String>, hint: &str) -> Self {
        Self::new(status, "BAD_ARGUMENT", message).with("argument", part).with("hint", hint)
    }

    /// Adds an entry to `extensions`.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// The error code.
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// The message.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The answer, with this media type.
    pub(super) fn answer(&self, media: &'static str) -> HttpResponse {
        let mut extensions = self.more.clone();
        extensions.insert("code".into(), self.code.into());
        let body = json!({ "errors": [{ "message": self.message, "extensions": extensions }] });
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((header::CONTENT_TYPE, media));
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                answer.insert_header((header::RETRY_AFTER, "2"));
            }
            StatusCode::UNAUTHORIZED => {
                answer.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"throughline\""));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                let seconds = self.more.get("retryAfterSeconds").and_then(Value::as_u64).unwrap_or(1);
                answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                answer.insert_header((header::ALLOW, "GET, POST"));
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                answer.insert_header((header::ACCEPT_ENCODING, "gzip"));
            }
            _ => {}
        }
        answer.body(body.to_string())
    }
}

/// An answer in plain text.
pub(super) fn text(status: StatusCode, text: impl Into<String>) -> HttpResponse {
    HttpResponse::build(status).insert_header(ContentType::plaintext()).body(text.into())
}
