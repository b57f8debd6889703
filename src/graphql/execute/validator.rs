//! Validation rules of the GraphQL specification (October 2021, section 5) that async-graphql does not check.
//!
//! async-graphql does not check arguments and directives of `__typename`, directives of variable definitions, the
//! types of most variables at their positions, and the selections below two fields of one name. apollo-compiler does.
//! Errors that both find are left to async-graphql, whose messages name the probable intention and the argument.

use std::collections::HashSet;

use apollo_compiler::ast::{InputValueDefinition, Type, Value as AstValue, VariableDefinition};
use apollo_compiler::executable::{DirectiveList, Selection, SelectionSet};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::validation::{Valid, WithErrors};
use apollo_compiler::{ExecutableDocument, Node, Schema};
use async_graphql::parser::types::{self as parsed, InlineFragment};
use async_graphql::{Pos, Positioned, ServerError};

use super::error;

/// The schema cannot be parsed.
#[derive(Debug, thiserror::Error)]
#[error("the schema cannot be read: {0}")]
pub struct UnreadableSchema(pub(super) String);

/// Validates documents by the specification.
pub(super) struct Validator(Valid<Schema>);

/// Errors for which async-graphql has a better message.
const LEFT_TO_ASYNC_GRAPHQL: &[&str] = &[
    "UndefinedArgument",
    "UndefinedEnumValue",
    "UndefinedInputValue",
    "RequiredArgument",
    "RequiredField",
    "UnsupportedValueType",
    "IntCoercionError",
    "FloatCoercionError",
];

/// async-graphql also stops at this error.
const UNKNOWN_FIELD: &str = "UndefinedField";

/// A field of introspection that apollo-compiler does not know yet.
const NEWER: &str = "extend type __Type { isOneOf: Boolean }";

impl Validator {
    /// Reads a schema in schema definition language.
    pub(super) fn of(schema: &str) -> Result<Self, UnreadableSchema> {
        let schema = Schema::parse_and_validate(format!("{schema}\n{NEWER}"), "schema");
        schema.map(Self).map_err(|faults| UnreadableSchema(faults.errors.to_string()))
    }

    /// Checks a text that is parsed and within the limits. The result does not depend on variables.
    pub(super) fn check(&self, text: &str) -> Result<(), Vec<ServerError>> {
        let faults = match ExecutableDocument::parse_and_validate(&self.0, text, "query") {
            Ok(document) => check_values(&self.0, &document),
            Err(WithErrors { errors, .. }) => {
                let mut ours = Vec::new();
                for fault in errors.iter() {
                    // async-graphql refuses it, and the other errors may only follow from this one.
                    if fault.error.unstable_error_name() == Some(UNKNOWN_FIELD) {
                        return Ok(());
                    }
                    let message = fault.error.to_string();
                    let known =
                        fault.error.unstable_error_name().is_some_and(|name| LEFT_TO_ASYNC_GRAPHQL.contains(&name));
                    // async-graphql does not check `__typename`.
                    if !known || message.contains(".__typename`") {
                        let at = fault.line_column_range().map(|range| range.start);
                        let at = at.map(|at| Pos { line: at.line, column: at.column });
                        ours.push(error("GRAPHQL_VALIDATION_FAILED", message, at));
                    }
                }
                ours
            }
        };
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Moves directives from `__typename`, where async-graphql ignores them, to a fragment around it:
/// `__typename @skip(if: $a)` becomes `... @skip(if: $a) { __typename }`. So they are checked, and their variables
/// count as used.
pub(super) fn show_directives(document: &mut parsed::ExecutableDocument) {
    let operations = match &mut document.operations {
        parsed::DocumentOperations::Single(operation) => vec![operation],
        parsed::DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    operations.into_iter().for_each(|operation| show_in(&mut operation.node.selection_set.node));
    document.fragments.values_mut().for_each(|fragment| show_in(&mut fragment.node.selection_set.node));
}

/// Recursive: only for a text within the limits.
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

/// Checks that neither library makes: fields of an input object that are given twice (section 5.6.3), of which one
/// would be lost, and variables inside lists and input objects (section 5.8.5).
fn check_values(schema: &Schema, document: &ExecutableDocument) -> Vec<ServerError> {
    let mut faults = Vec::new();
    for operation in document.operations.iter() {
        let variables = &operation.variables;
        let mut values = Values { schema, document, variables, visited: HashSet::new(), faults: &mut faults };
        for variable in variables {
            let place = Place { name: &variable.name, expected: &variable.ty, has_default: false };
            variable.default_value.iter().for_each(|value| values.check(value, Some(place)));
        }
        values.directives(&operation.directives);
        values.set(&operation.selection_set);
    }
    // A fragment is reached from several operations.
    faults.dedup_by(|fault, before| fault.message == before.message && fault.locations == before.locations);
    faults
}

/// The values in one operation.
struct Values<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    variables: &'a [Node<VariableDefinition>],
    /// Fragments. Each is checked once.
    visited: HashSet<&'a str>,
    faults: &'a mut Vec<ServerError>,
}

/// The position of a value: an argument, a field of an input object, or an entry of a list in one of these.
#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    expected: &'a Type,
    has_default: bool,
}

impl<'a> Place<'a> {
    fn of(definition: &'a InputValueDefinition) -> Self {
        Self { name: &definition.name, expected: &definition.ty, has_default: definition.default_value.is_some() }
    }

    fn entry(self) -> Option<Self> {
        self.expected.is_list().then(|| Self { expected: self.expected.item_type(), has_default: false, ..self })
    }

    /// `IsVariableUsageAllowed` of section 5.8.5.
    fn takes(self, variable: &VariableDefinition) -> bool {
        let has_value = variable.default_value.as_ref().is_some_and(|value| !value.is_null());
        if self.expected.is_non_null() && !variable.ty.is_non_null() && (has_value || self.has_default) {
            return variable.ty.is_assignable_to(&self.expected.clone().nullable());
        }
        variable.ty.is_assignable_to(self.expected)
    }
}

impl<'a> Values<'a> {
    fn set(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            self.directives(selection.directives());
            match selection {
                Selection::Field(field) => {
                    for argument in &field.arguments {
                        let definition = field.definition.argument_by_name(&argument.name);
                        self.check(&argument.value, definition.map(|definition| Place::of(definition)));
                    }
                    self.set(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => self.set(&fragment.selection_set),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name)
                        && self.visited.insert(spread.fragment_name.as_str())
                    {
                        self.directives(&fragment.directives);
                        self.set(&fragment.selection_set);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &'a DirectiveList) {
        for directive in directives {
            let definition = self.schema.directive_definitions.get(&directive.name);
            for argument in &directive.arguments {
                let definition = definition.and_then(|definition| definition.argument_by_name(&argument.name));
                self.check(&argument.value, definition.map(|definition| Place::of(definition)));
            }
        }
    }

    /// `place` is `None` where the schema has no type, as inside a custom scalar.
    fn check(&mut self, value: &'a Node<AstValue>, place: Option<Place<'a>>) {
        match &**value {
            AstValue::Variable(name) => {
                let variable = self.variables.iter().find(|variable| variable.name == *name);
                if let (Some(variable), Some(place)) = (variable, place)
                    && !place.takes(variable)
                {
                    let message = format!(
                        "variable `${name}` of type `{}` cannot be used for `{}`, where `{}` is expected",
                        variable.ty, place.name, place.expected
                    );
                    self.fault(message, value.location());
                }
            }
            AstValue::List(entries) => {
                let entry = place.and_then(Place::entry);
                entries.iter().for_each(|value| self.check(value, entry));
            }
            AstValue::Object(fields) => {
                let object = place.and_then(|place| self.schema.get_input_object(place.expected.inner_named_type()));
                let mut names = HashSet::new();
                for (name, value) in fields {
                    if !names.insert(name.as_str()) {
                        let message = format!("the field `{name}` of an input object is given twice");
                        self.fault(message, name.location());
                    }
                    let definition = object.and_then(|object| object.fields.get(name));
                    self.check(value, definition.map(|definition| Place::of(definition)));
                }
            }
            _ => {}
        }
    }

    fn fault(&mut self, message: String, at: Option<SourceSpan>) {
        let at = at.and_then(|at| at.line_column_range(&self.document.sources));
        let at = at.map(|range| Pos { line: range.start.line, column: range.start.column });
        self.faults.push(error("GRAPHQL_VALIDATION_FAILED", message, at));
    }
}
