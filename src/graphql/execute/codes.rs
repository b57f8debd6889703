//! A code for every error, and nothing that is ours in any.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{Pos, Response, ServerError, Value};

use super::{Question, error};

/// Validation may find something in every field; more than so many help nobody.
pub(super) const ERRORS_SHOWN: usize = 25;

/// The codes that the contract names.
const CODES: &[&str] = &[
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
    "RATE_LIMITED",
    "CHANGE_EXPIRED",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "ERASED",
    "INTERNAL",
];

/// `OK`, or the code of the first error: one of a closed list, so that it can be a metric's label.
pub fn outcome_label(response: &Response) -> &'static str {
    match response.errors.first() {
        None => "OK",
        Some(error) => CODES.iter().find(|known| Some(**known) == code(error)).unwrap_or(&"INTERNAL"),
    }
}

/// Gives each error without a code its own.
pub(super) fn complete(response: &mut Response, ran: bool, question: &Question) {
    if !ran {
        response.errors.truncate(ERRORS_SHOWN);
    }
    for fault in &mut response.errors {
        if code(fault).is_some() {
            continue;
        }
        *fault = if !ran {
            let locations = std::mem::take(&mut fault.locations);
            let message = std::mem::take(&mut fault.message);
            ServerError { locations, ..error("GRAPHQL_VALIDATION_FAILED", message, None) }
        } else if is_about_an_argument(fault) {
            about_an_argument(fault, question)
        } else {
            // The message may hold anything, a person's data too, so not even the log gets it.
            tracing::error!(request_id = question.request_id, path = ?fault.path, "a resolver failed without a code");
            let mut hidden = error("INTERNAL", "internal error", None);
            hidden.extensions.get_or_insert_default().set("requestId", question.request_id.as_str());
            ServerError {
                locations: std::mem::take(&mut fault.locations),
                path: std::mem::take(&mut fault.path),
                ..hidden
            }
        };
    }
}

/// Whether an error says that the store is away.
pub(super) fn is_store_away(error: &ServerError) -> bool {
    code(error) == Some("STORE_AWAY")
}

fn code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// async-graphql reads an argument's value only when its field is resolved, and these are its words
/// for one that does not fit; what it says is about what was sent.
pub(super) fn is_about_an_argument(error: &ServerError) -> bool {
    error.source.is_none()
        && (error.message.starts_with("Failed to parse \"") || error.message.starts_with("Expected input type \""))
}

fn about_an_argument(fault: &ServerError, question: &Question) -> ServerError {
    let mut shown = error("BAD_ARGUMENT", fault.message.clone(), None);
    shown.locations.clone_from(&fault.locations);
    shown.path.clone_from(&fault.path);
    shown.extensions.get_or_insert_default().set("hint", hint(&fault.message));
    if let Some(argument) = fault.locations.first().and_then(|at| argument_at(&question.query, *at)) {
        shown.message = format!("`{argument}`: {}", shown.message);
        shown.extensions.get_or_insert_default().set("argument", argument);
    }
    shown
}

/// What would be right: a scalar's own words for it, else the type that the schema describes.
fn hint(message: &str) -> String {
    let quoted = message.split('"').nth(1).unwrap_or("its type");
    let words =
        message.strip_prefix("Failed to parse ").and_then(|rest| rest.split_once("\": ")).map(|(_, words)| words);
    match words {
        Some(words) => words.split(" (occurred while").next().unwrap_or(words).to_owned(),
        None => format!("give a value of {quoted}, as the schema describes it"),
    }
}

/// The argument whose value stands at a place of the query.
fn argument_at(query: &str, at: Pos) -> Option<String> {
    let document = parse_query(query).ok()?;
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).find_map(|set| in_set(set, at))
}

/// Only for a document that was measured: its nesting is bounded.
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
