//! The root fields of an operation, including the root fields in its fragments.

use std::collections::HashSet;

use async_graphql::ServerError;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet};

use super::error;

/// Refuses a subscription with several root fields, or with a root field of introspection (GraphQL specification of
/// October 2021, section 5.2.3.1).
pub(super) fn check(operation: &OperationDefinition, document: &ExecutableDocument) -> Result<(), ServerError> {
    if operation.ty != OperationType::Subscription {
        return Ok(());
    }
    let roots = Roots::of(operation, document);
    let message = match roots.names.len() {
        0 | 1 if roots.names.iter().any(|(_, field)| field.starts_with("__")) => {
            "a subscription cannot select introspection: use a query"
        }
        0 | 1 => return Ok(()),
        _ => "a subscription has one root field: send a subscription for each of the others",
    };
    Err(error("GRAPHQL_VALIDATION_FAILED", message, None))
}

/// Whether the operation has this root field.
pub(super) fn has(operation: &OperationDefinition, document: &ExecutableDocument, field: &str) -> bool {
    Roots::of(operation, document).names.iter().any(|(_, name)| *name == field)
}

/// A root field that fits, the first by its name.
pub(super) fn find<'a>(
    operation: &'a OperationDefinition,
    document: &'a ExecutableDocument,
    fits: impl Fn(&str) -> bool,
) -> Option<&'a str> {
    Roots::of(operation, document).names.iter().map(|(_, field)| *field).filter(|field| fits(field)).min()
}

/// Whether the operation has a root field, and all its root fields are among `fields`.
pub(super) fn all(operation: &OperationDefinition, document: &ExecutableDocument, fields: &[&str]) -> bool {
    let roots = Roots::of(operation, document);
    !roots.names.is_empty() && roots.names.iter().all(|(_, name)| fields.contains(name))
}

/// The root fields, as pairs of response key and field name.
struct Roots<'a> {
    document: &'a ExecutableDocument,
    names: HashSet<(&'a str, &'a str)>,
    fragments: HashSet<&'a str>,
}

impl<'a> Roots<'a> {
    fn of(operation: &'a OperationDefinition, document: &'a ExecutableDocument) -> Self {
        let mut roots = Roots { document, names: HashSet::new(), fragments: HashSet::new() };
        roots.gather(&operation.selection_set.node);
        roots
    }

    fn gather(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    self.names.insert((field.node.response_key().node.as_str(), field.node.name.node.as_str()));
                }
                Selection::InlineFragment(inline) => self.gather(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    // A fragment may contain itself. Validation refuses that later.
                    if self.fragments.insert(name.as_str())
                        && let Some(fragment) = self.document.fragments.get(name)
                    {
                        self.gather(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}
