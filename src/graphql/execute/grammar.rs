//! The validation of the GraphQL specification (October 2021, section 5), where async-graphql's leaves it out.
//!
//! async-graphql does not look at what stands on `__typename`, at directives of variable definitions, at the types of
//! most variables in their places, and at what lies below two fields of one name. apollo-compiler does. What both
//! find is left to async-graphql, whose words name what was probably meant and which argument is wrong.

use apollo_compiler::ast::Value as Given;
use apollo_compiler::executable::{DirectiveList, Selection, SelectionSet};
use apollo_compiler::validation::{Valid, WithErrors};
use apollo_compiler::{ExecutableDocument, Node, Schema};
use async_graphql::parser::types::{self as parsed, InlineFragment};
use async_graphql::{Pos, Positioned, ServerError};

use super::error;

/// A schema that cannot be read, which no schema of ours is.
#[derive(Debug, thiserror::Error)]
#[error("the schema cannot be read: {0}")]
pub struct UnreadableSchema(pub(super) String);

/// What the specification asks of a document.
pub(super) struct Grammar(Valid<Schema>);

/// What async-graphql says too, and says better.
const SAID_ALREADY: &[&str] = &[
    "UndefinedArgument",
    "UndefinedEnumValue",
    "UndefinedInputValue",
    "RequiredArgument",
    "RequiredField",
    "UnsupportedValueType",
    "IntCoercionError",
    "FloatCoercionError",
];

/// The first thing that it says.
const UNKNOWN_FIELD: &str = "UndefinedField";

/// What introspection answers and apollo-compiler's own schema of it does not know yet.
const NEWER: &str = "extend type __Type { isOneOf: Boolean }";

impl Grammar {
    /// Of a schema in schema definition language.
    pub(super) fn of(schema: &str) -> Result<Self, UnreadableSchema> {
        let schema = Schema::parse_and_validate(format!("{schema}\n{NEWER}"), "schema");
        schema.map(Self).map_err(|faults| UnreadableSchema(faults.errors.to_string()))
    }

    /// Whatever is wrong with a text that was parsed and measured before; nothing of it hangs on variables.
    pub(super) fn check(&self, text: &str) -> Result<(), Vec<ServerError>> {
        let faults = match ExecutableDocument::parse_and_validate(&self.0, text, "query") {
            Ok(document) => repeated_fields(&document),
            Err(WithErrors { errors, .. }) => {
                let mut ours = Vec::new();
                for fault in errors.iter() {
                    // Refused for certain, and what else is found may only follow from it.
                    if fault.error.unstable_error_name() == Some(UNKNOWN_FIELD) {
                        return Ok(());
                    }
                    let words = fault.error.to_string();
                    let known = fault.error.unstable_error_name().is_some_and(|name| SAID_ALREADY.contains(&name));
                    // Nobody else says it of this one.
                    if !known || words.contains(".__typename`") {
                        let at = fault.line_column_range().map(|range| range.start);
                        let at = at.map(|at| Pos { line: at.line, column: at.column });
                        ours.push(error("GRAPHQL_VALIDATION_FAILED", words, at));
                    }
                }
                ours
            }
        };
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Moves directives from `__typename`, which async-graphql does not look at, to a fragment around it, which it does:
/// `__typename @skip(if: $a)` is `... @skip(if: $a) { __typename }`. So they are checked, and variables in them used.
pub(super) fn show_directives(document: &mut parsed::ExecutableDocument) {
    let operations = match &mut document.operations {
        parsed::DocumentOperations::Single(operation) => vec![operation],
        parsed::DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    operations.into_iter().for_each(|operation| show_in(&mut operation.node.selection_set.node));
    document.fragments.values_mut().for_each(|fragment| show_in(&mut fragment.node.selection_set.node));
}

/// Only for a text within the limits: its brackets are not deep.
fn show_in(set: &mut parsed::SelectionSet) {
    for item in &mut set.items {
        let at = item.pos;
        match &mut item.node {
            parsed::Selection::Field(field) if field.node.name.node == "__typename" => {
                if field.node.directives.is_empty() {
                    continue;
                }
                let directives = std::mem::take(&mut field.node.directives);
                let field = parsed::Selection::Field(field.clone());
                let selection_set = parsed::SelectionSet { items: vec![Positioned::new(field, at)] };
                let selection_set = Positioned::new(selection_set, at);
                let fragment = InlineFragment { type_condition: None, directives, selection_set };
                item.node = parsed::Selection::InlineFragment(Positioned::new(fragment, at));
            }
            parsed::Selection::Field(field) => show_in(&mut field.node.selection_set.node),
            parsed::Selection::InlineFragment(fragment) => show_in(&mut fragment.node.selection_set.node),
            parsed::Selection::FragmentSpread(_) => {}
        }
    }
}

/// Fields of an input object that are given twice (section 5.6.3); neither library says it, and one of the two would
/// be lost.
fn repeated_fields(document: &ExecutableDocument) -> Vec<ServerError> {
    let mut search = Search { document, faults: Vec::new() };
    for operation in document.operations.iter() {
        search.directives(&operation.directives);
        for variable in &operation.variables {
            variable.default_value.iter().for_each(|value| search.value(value));
        }
        search.set(&operation.selection_set);
    }
    for fragment in document.fragments.values() {
        search.directives(&fragment.directives);
        search.set(&fragment.selection_set);
    }
    search.faults
}

struct Search<'a> {
    document: &'a ExecutableDocument,
    faults: Vec<ServerError>,
}

impl Search<'_> {
    fn set(&mut self, set: &SelectionSet) {
        for selection in &set.selections {
            self.directives(selection.directives());
            match selection {
                Selection::Field(field) => {
                    field.arguments.iter().for_each(|argument| self.value(&argument.value));
                    self.set(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => self.set(&fragment.selection_set),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn directives(&mut self, directives: &DirectiveList) {
        let arguments = directives.iter().flat_map(|directive| &directive.arguments);
        arguments.for_each(|argument| self.value(&argument.value));
    }

    fn value(&mut self, value: &Node<Given>) {
        match &**value {
            Given::List(entries) => entries.iter().for_each(|entry| self.value(entry)),
            Given::Object(fields) => {
                let mut names = std::collections::HashSet::new();
                for (name, value) in fields {
                    if !names.insert(name.as_str()) {
                        let at = name.location().and_then(|at| at.line_column_range(&self.document.sources));
                        let at = at.map(|range| Pos { line: range.start.line, column: range.start.column });
                        let words = format!("the field `{name}` of an input object is given twice");
                        self.faults.push(error("GRAPHQL_VALIDATION_FAILED", words, at));
                    }
                    self.value(value);
                }
            }
            _ => {}
        }
    }
}
