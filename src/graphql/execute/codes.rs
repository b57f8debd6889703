//! Gives every error a code, and removes internal detail.

use std::collections::HashMap;
use std::sync::LazyLock;

use async_graphql::parser::types::{Field, Selection, SelectionSet, TypeKind, TypeSystemDefinition};
use async_graphql::parser::{parse_query, parse_schema};
use async_graphql::{Pos, Response, ServerError, Value};

use super::{GraphqlRequest, error};
use crate::domain::nearest;

/// The maximum number of validation errors in an answer.
pub(super) const ERRORS_SHOWN: usize = 25;

/// All error codes, including those reserved for later features. docs/errors.md explains each.
pub const CODES: &[&str] = &[
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_ID",
    "BAD_CURSOR",
    "BAD_ARGUMENT",
    "UNKNOWN_KIND",
    "ID_OF_THE_PAST",
    "TOO_EXPENSIVE",
    "TIMEOUT",
    "NOT_READY",
    "STORE_AWAY",
    "STORE_BUSY",
    "STORE_FULL",
    "STORE_READ_ONLY",
    "RATE_LIMITED",
    "CHANGE_EXPIRED",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "ERASED",
    "INTERNAL",
];

/// `OK`, or the code of the first error. The list is closed, so it can be the label of a metric.
pub fn outcome_label(response: &Response) -> &'static str {
    match response.errors.first() {
        None => "OK",
        Some(error) => CODES.iter().find(|known| Some(**known) == code(error)).unwrap_or(&"INTERNAL"),
    }
}

/// Adds a code to each error without one, and the request's id to each INTERNAL.
pub(super) fn add_codes(response: &mut Response, ran: bool, request: &GraphqlRequest) {
    if !ran {
        response.errors.truncate(ERRORS_SHOWN);
    }
    for fault in &mut response.errors {
        match code(fault) {
            Some("INTERNAL") => {
                fault.extensions.get_or_insert_default().set("requestId", request.request_id.as_str());
                continue;
            }
            Some(_) => continue,
            None => {}
        }
        *fault = if !ran {
            let locations = std::mem::take(&mut fault.locations);
            let message = std::mem::take(&mut fault.message);
            let mut shown = error("GRAPHQL_VALIDATION_FAILED", message, None);
            if let Some(hint) = hint_of_enum(&shown.message) {
                shown.extensions.get_or_insert_default().set("hint", hint);
            }
            ServerError { locations, ..shown }
        } else if is_about_an_argument(fault) {
            about_an_argument(fault, request)
        } else {
            // The message may contain personal data, so not even the log gets it.
            tracing::error!(request_id = request.request_id, path = ?fault.path, "a resolver failed without a code");
            let mut hidden = error("INTERNAL", "internal error", None);
            hidden.extensions.get_or_insert_default().set("requestId", request.request_id.as_str());
            ServerError {
                locations: std::mem::take(&mut fault.locations),
                path: std::mem::take(&mut fault.path),
                ..hidden
            }
        };
    }
}

/// Whether an error says that the store failed and a retry may succeed.
pub(super) fn is_of_store(error: &ServerError) -> bool {
    code(error).is_some_and(is_code_of_store)
}

/// The same of the error's code.
pub fn is_code_of_store(code: &str) -> bool {
    matches!(code, "STORE_AWAY" | "STORE_BUSY" | "STORE_FULL" | "STORE_READ_ONLY")
}

/// Whether an error leaves open whether the write was stored.
pub(super) fn is_unsure(error: &ServerError) -> bool {
    code(error) == Some("TIMEOUT")
}

fn code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// Whether an error is about an argument's value. async-graphql reads the value only when the field is resolved; these
/// are its messages for an invalid one.
pub(super) fn is_about_an_argument(error: &ServerError) -> bool {
    error.source.is_none()
        && (error.message.starts_with("Failed to parse \"") || error.message.starts_with("Expected input type \""))
}

fn about_an_argument(fault: &ServerError, request: &GraphqlRequest) -> ServerError {
    let mut shown = error("BAD_ARGUMENT", fault.message.clone(), None);
    shown.locations.clone_from(&fault.locations);
    shown.path.clone_from(&fault.path);
    shown.extensions.get_or_insert_default().set("hint", hint(&fault.message));
    if let Some(argument) = fault.locations.first().and_then(|at| argument_at(&request.query, *at)) {
        shown.message = format!("`{argument}`: {}", shown.message);
        shown.extensions.get_or_insert_default().set("argument", argument);
    }
    shown
}

/// The values of each enum of the API.
static ENUMS: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let definitions = parse_schema(crate::graphql::sdl()).map(|schema| schema.definitions).unwrap_or_default();
    let of = |definition: TypeSystemDefinition| {
        let TypeSystemDefinition::Type(ty) = definition else { return None };
        let TypeKind::Enum(of) = ty.node.kind else { return None };
        let values = of.values.into_iter().map(|value| value.node.value.node.to_string()).collect();
        Some((ty.node.name.node.to_string(), values))
    };
    definitions.into_iter().filter_map(of).collect()
});

/// The values of an enum, and the nearest one, when validation did not find a value. Reads async-graphql's message.
fn hint_of_enum(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("enumeration type \"")?;
    let (ty, rest) = rest.split_once('"')?;
    let written = rest.strip_prefix(" does not contain the value \"")?.strip_suffix('"')?;
    Some(nearest::hint(written, ENUMS.get(ty)?.iter().map(String::as_str)))
}

/// The valid form: the message of the scalar, else the name of the type.
fn hint(message: &str) -> String {
    let quoted = message.split('"').nth(1).unwrap_or("its type");
    let words =
        message.strip_prefix("Failed to parse ").and_then(|rest| rest.split_once("\": ")).map(|(_, words)| words);
    match words {
        Some(words) => words.split(" (occurred while").next().unwrap_or(words).to_owned(),
        None => format!("give a value of {quoted}, as the schema describes it"),
    }
}

/// The argument whose value is at a position of the query.
fn argument_at(query: &str, at: Pos) -> Option<String> {
    let document = parse_query(query).ok()?;
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).find_map(|set| in_set(set, at))
}

/// Recursive: only for a document within the limits, whose nesting is bounded.
fn in_set(set: &SelectionSet, at: Pos) -> Option<String> {
    set.items.iter().find_map(|selection| match &selection.node {
        Selection::Field(field) => in_field(&field.node, at),
        Selection::InlineFragment(inline) => in_set(&inline.node.selection_set.node, at),
        Selection::FragmentSpread(_) => None,
    })
}

fn in_field(field: &Field, at: Pos) -> Option<String> {
    let argument = field.arguments.iter().find(|(_, value)| value.pos == at);
    argument.map(|(name, _)| name.node.to_string()).or_else(|| in_set(&field.selection_set.node, at))
}
