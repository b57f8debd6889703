//! The fields at the top of an operation, those of its fragments included.

use std::collections::HashSet;

use async_graphql::ServerError;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet};

use super::error;

/// Refuses a subscription with several root fields, or with one of introspection: each of its answers
/// is one event of one stream (GraphQL specification of October 2021, section 5.2.3.1).
pub(super) fn check(operation: &OperationDefinition, document: &ExecutableDocument) -> Result<(), ServerError> {
    if operation.ty != OperationType::Subscription {
        return Ok(());
    }
    let roots = Roots::of(operation, document);
    let words = match roots.names.len() {
        0 | 1 if roots.names.iter().any(|(_, field)| field.starts_with("__")) => {
            "a subscription is not asked for introspection: ask by a query"
        }
        0 | 1 => return Ok(()),
        _ => "a subscription has one root field: send the others as subscriptions of their own",
    };
    Err(error("GRAPHQL_VALIDATION_FAILED", words, None))
}

/// Whether a field is among them.
pub(super) fn has(operation: &OperationDefinition, document: &ExecutableDocument, field: &str) -> bool {
    Roots::of(operation, document).names.iter().any(|(_, name)| *name == field)
}

/// Whether all of them are among `fields`, and there is one.
pub(super) fn all(operation: &OperationDefinition, document: &ExecutableDocument, fields: &[&str]) -> bool {
    let roots = Roots::of(operation, document);
    !roots.names.is_empty() && roots.names.iter().all(|(_, name)| fields.contains(name))
}

/// The fields, by the name of their answer.
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
                    // A fragment in itself is what validation will refuse.
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
