//! Turns what went wrong into GraphQL errors with a code, by whose fault it is.
//!
//! Nothing internal reaches a client: a fault of ours is `INTERNAL`, and its cause goes to the log.

use async_graphql::{Error, ErrorExtensions};

use crate::journeys::JourneyError;
use crate::projection::ProjectionError;
use crate::store::StoreError;

/// The codes of the contract that resolvers use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// An id that is none of ours, or of another type.
    BadId,
    /// An id of a view of the past, where only the present will do.
    IdOfThePast,
    /// A cursor that is none of ours, or of another list.
    BadCursor,
    /// A kind of identifiers that is neither listed nor stored; with `argument` and `hint`.
    UnknownKind,
    /// An argument that cannot be; with `argument` and `hint`.
    BadArgument,
    /// It would cost more than one request may; with `cost`, `limit` and `hint`.
    TooExpensive,
    /// The store cannot be reached.
    StoreAway,
    /// It is there, and another write was in the way for too long.
    StoreBusy,
    /// Its disk is full.
    StoreFull,
    /// It can be read only.
    StoreReadOnly,
    /// It took too long.
    Timeout,
    /// What it is asked of is not there yet.
    NotReady,
    /// A fault of ours.
    Internal,
}

impl Code {
    /// As it stands in `extensions.code`.
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
            Code::Internal => "INTERNAL",
        }
    }
}

/// An error with its code.
pub fn coded(code: Code, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code.as_str()))
}

/// An argument that cannot be: which, what is wrong, what would be right.
pub fn bad_argument(argument: &str, message: impl std::fmt::Display, hint: &str) -> Error {
    Error::new(format!("{argument}: {message}")).extend_with(|_, extensions| {
        extensions.set("code", Code::BadArgument.as_str());
        extensions.set("argument", argument);
        extensions.set("hint", hint);
    })
}

/// A store's fault, told by whose it is.
pub fn store_error(error: StoreError) -> Error {
    match error {
        StoreError::Away(_) => {
            tracing::warn!(%error, "store");
            coded(Code::StoreAway, "the store cannot be reached now, try again in a moment")
        }
        StoreError::Busy(_) | StoreError::Removed(_) | StoreError::RulesChanged(_) => {
            tracing::warn!(%error, "store");
            coded(Code::StoreBusy, "others had the store for too long, try again in a moment")
        }
        StoreError::Full(_) => {
            tracing::error!(%error, "store");
            coded(
                Code::StoreFull,
                "the store's disk is full: nothing of this was stored; send it again when there is space",
            )
        }
        StoreError::ReadOnly(_) => {
            tracing::error!(%error, "store");
            coded(
                Code::StoreReadOnly,
                "the store takes no writes now: nothing of this was stored; send it again when it does",
            )
        }
        StoreError::Timeout(_) => {
            tracing::warn!(%error, "store");
            coded(Code::Timeout, "the store took too long; ask for less at a time")
        }
        StoreError::AmbiguousOrder => {
            bad_argument("by.order.source", error, "name the source that sent the order, such as \"shop\"")
        }
        StoreError::TooMuch { looked_at, most } => {
            let error = coded(Code::TooExpensive, error.to_string());
            error.extend_with(|_, extensions| {
                extensions.set("cost", looked_at);
                extensions.set("limit", most);
                extensions.set("hint", "ask from an identifier that fewer people share");
            })
        }
        StoreError::Refused(_) | StoreError::Data(_) | StoreError::Setup(_) => {
            tracing::error!(%error, "store");
            coded(Code::Internal, "internal error")
        }
    }
}

/// The same of a write: one that ran into a timeout may have been stored.
pub fn write_error(error: StoreError) -> Error {
    match error {
        StoreError::Timeout(_) => {
            tracing::warn!(%error, "store");
            coded(Code::Timeout, format!("the store took too long: {UNSURE}"))
        }
        error => store_error(error),
    }
}

/// What whoever sent a write does when nobody can say whether it was stored.
pub const UNSURE: &str = "it may have been stored or not; sending it again is safe, events with the same message ids";

/// What was sent is no id that was ever given out.
pub fn bad_id() -> Error {
    coded(Code::BadId, "not an id of this store: ids are opaque, send one that an answer gave you")
}

/// Why a question about journeys has no answer, told by whose fault it is.
pub fn journeys_error(error: ProjectionError) -> Error {
    let words = error.to_string();
    let hint = error.hint();
    match error {
        ProjectionError::Store(error) => store_error(error),
        ProjectionError::Question(JourneyError::BadArgument { argument, message, hint }) => {
            bad_argument(&argument, message, &hint)
        }
        ProjectionError::Question(JourneyError::Timeout | JourneyError::Cancelled) => {
            coded(Code::Timeout, "the question took too long: ask of less time, or of fewer touchpoints")
        }
        ProjectionError::NotReady { .. } | ProjectionError::Behind | ProjectionError::Ended => {
            coded(Code::NotReady, words)
        }
        ProjectionError::TooLarge { .. } => coded(Code::NotReady, words).extend_with(|_, extensions| {
            extensions.set("hint", hint.clone().unwrap_or_default());
        }),
        ProjectionError::Internal => {
            tracing::error!("a question about journeys met a fault");
            coded(Code::Internal, "internal error")
        }
    }
}
