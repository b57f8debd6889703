//! Turns errors of the inner layers into GraphQL errors with a code.
//!
//! No internal detail reaches a client: a fault of the server is `INTERNAL`, and its cause goes to the log.

use async_graphql::{Error, ErrorExtensions};

use super::execute::CODES;
use crate::journeys::JourneyError;
use crate::projection::ProjectionError;
use crate::store::StoreError;

/// The error codes of resolvers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Not an id of this store, or an id of another type.
    BadId,
    /// An id with a past moment where only the present is accepted.
    IdOfThePast,
    /// Not a cursor of this store, or a cursor of another list.
    BadCursor,
    /// A kind of identifiers that is neither in the rules nor in the store; with `argument` and `hint`. Made by
    /// `known_names`.
    UnknownKind,
    /// An invalid argument; with `argument` and `hint`.
    BadArgument,
    /// The request costs more than the limit; with `cost`, `limit` and `hint`.
    TooExpensive,
    /// The store cannot be reached.
    StoreAway,
    /// Other writes locked the store for too long.
    StoreBusy,
    /// The disk of the store is full.
    StoreFull,
    /// The store is read-only.
    StoreReadOnly,
    /// The operation took too long.
    Timeout,
    /// The data is not loaded yet.
    NotReady,
    /// The customer was erased.
    Erased,
    /// The caller may not have this.
    Forbidden,
    /// A fault of the server.
    Internal,
}

impl Code {
    /// The text of `extensions.code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::BadId => "BAD_ID",
            Code::IdOfThePast => "ID_OF_THE_PAST",
            Code::BadCursor => "BAD_CURSOR",
            Code::UnknownKind => "UNKNOWN_KIND",
            Code::BadArgument => "BAD_ARGUMENT",
            Code::TooExpensive => "TOO_EXPENSIVE",
            Code::StoreAway => "STORE_AWAY",
            Code::StoreBusy => "STORE_BUSY",
            Code::StoreFull => "STORE_FULL",
            Code::StoreReadOnly => "STORE_READ_ONLY",
            Code::Timeout => "TIMEOUT",
            Code::NotReady => "NOT_READY",
            Code::Erased => "ERASED",
            Code::Forbidden => "FORBIDDEN",
            Code::Internal => "INTERNAL",
        }
    }
}

/// An error with its code.
pub fn coded(code: Code, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code.as_str()))
}

/// The error of an invalid argument: its name, what is wrong, and what would be right.
pub fn bad_argument(argument: &str, message: impl std::fmt::Display, hint: &str) -> Error {
    Error::new(format!("{argument}: {message}")).extend_with(|_, extensions| {
        extensions.set("code", Code::BadArgument.as_str());
        extensions.set("argument", argument);
        extensions.set("hint", hint);
    })
}

/// The error of an argument that uses something masked: which argument, and what it uses.
pub fn masked(argument: &str, what: &str) -> Error {
    Error::new(format!("{argument}: {what} is masked for the caller")).extend_with(|_, extensions| {
        extensions.set("code", Code::Forbidden.as_str());
        extensions.set("argument", argument);
    })
}

/// The GraphQL error of a store error.
pub fn store_error(error: StoreError) -> Error {
    match error {
        StoreError::Away(_) => {
            tracing::warn!(%error, "store");
            coded(Code::StoreAway, "the store cannot be reached now: try again in a moment")
        }
        StoreError::Busy(_) | StoreError::Removed(_) | StoreError::RulesChanged(_) => {
            tracing::warn!(%error, "store");
            coded(Code::StoreBusy, "the store was locked by other writes for too long: try again in a moment")
        }
        StoreError::Full(_) => {
            tracing::error!(%error, "store");
            coded(Code::StoreFull, "the store's disk is full: nothing was stored; send it again when there is space")
        }
        StoreError::ReadOnly(_) => {
            tracing::error!(%error, "store");
            coded(
                Code::StoreReadOnly,
                "the store is read-only now: nothing was stored; send it again when it accepts writes",
            )
        }
        StoreError::Timeout(_) => {
            tracing::warn!(%error, "store");
            coded(Code::Timeout, "the store took too long: ask for less at a time")
        }
        StoreError::AmbiguousOrder => {
            bad_argument("by.order.source", error, "name the source that sent the order, such as \"shop\"")
        }
        StoreError::TooMuch { looked_at, most } => {
            let error = coded(Code::TooExpensive, error.to_string());
            error.extend_with(|_, extensions| {
                extensions.set("cost", looked_at);
                extensions.set("limit", most);
                extensions.set("hint", "use an identifier that fewer people share");
            })
        }
        StoreError::Refused(_) | StoreError::Data(_) | StoreError::Setup(_) => {
            tracing::error!(%error, "store");
            coded(Code::Internal, "internal error")
        }
    }
}

/// The GraphQL error of a store error in a write. After a timeout the write may have been stored.
pub fn write_error(error: StoreError) -> Error {
    match error {
        StoreError::Timeout(_) => {
            tracing::warn!(%error, "store");
            coded(Code::Timeout, format!("the store took too long: {UNSURE}"))
        }
        error => store_error(error),
    }
}

/// Advice to the sender when it is not known whether a write was stored.
pub const UNSURE: &str = "it may have been stored or not; sending it again is safe, events with the same message ids";

/// An error outside of GraphQL: the same codes, messages and extensions as plain JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainError {
    /// One of the codes of the API.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The other extensions, such as `argument` and `hint`.
    pub more: serde_json::Map<String, serde_json::Value>,
}

impl From<Error> for PlainError {
    fn from(error: Error) -> Self {
        let extensions = serde_json::to_value(&error.extensions).unwrap_or_default();
        let mut more = match extensions {
            serde_json::Value::Object(more) => more,
            _ => serde_json::Map::new(),
        };
        let code = more.remove("code");
        let is = |known: &&&str| code.as_ref().and_then(serde_json::Value::as_str) == Some(**known);
        let code = CODES.iter().find(is).unwrap_or(&"INTERNAL");
        PlainError { code, message: error.message, more }
    }
}

/// The error of a text that is not an id of this store.
pub fn bad_id() -> Error {
    coded(Code::BadId, "not an id of this store: ids are opaque, send one from an answer")
}

/// The GraphQL error of a failed journeys query.
pub fn journeys_error(error: ProjectionError) -> Error {
    let message = error.to_string();
    let hint = error.hint();
    match error {
        ProjectionError::Store(error) => store_error(error),
        ProjectionError::Question(JourneyError::BadArgument { argument, message, hint }) => {
            bad_argument(&argument, message, &hint)
        }
        ProjectionError::Question(JourneyError::Timeout | JourneyError::Cancelled) => {
            coded(Code::Timeout, "the query took too long: ask for less time, or for fewer touchpoints")
        }
        ProjectionError::NotReady { .. } | ProjectionError::Behind | ProjectionError::Ended => {
            coded(Code::NotReady, message)
        }
        ProjectionError::TooLarge { .. } => coded(Code::NotReady, message).extend_with(|_, extensions| {
            extensions.set("hint", hint.clone().unwrap_or_default());
        }),
        ProjectionError::Internal => {
            tracing::error!("a journeys query failed");
            coded(Code::Internal, "internal error")
        }
    }
}
