//! Variables against their definitions, as far as validation leaves it undone.
//!
//! async-graphql checks a variable's value where an argument uses it, and takes a missing one for
//! null; the specification (section 6.1.2) makes a missing non-null variable an error of the request.

use async_graphql::parser::types::{BaseType, OperationDefinition};
use async_graphql::{ServerError, Value, Variables};

use super::error;

pub(super) fn check(operation: &OperationDefinition, variables: &Variables) -> Result<(), ServerError> {
    for definition in &operation.variable_definitions {
        let (at, definition) = (definition.pos, &definition.node);
        let (name, ty) = (&definition.name.node, &definition.var_type.node);
        let problem = match variables.get(name) {
            None if ty.nullable || definition.default_value.is_some() => continue,
            None => "was not sent",
            Some(Value::Null) if !ty.nullable => "is null",
            Some(_) => continue,
        };
        let words = format!("the variable `${name}` {problem}, but its type is `{ty}`");
        return Err(error("GRAPHQL_VALIDATION_FAILED", words, Some(at)));
    }
    Ok(())
}

/// Whether every value is of a type that can be judged here: a text, a whole number, a truth. Of such
/// variables a document that was found valid needs no second look; any other has its values checked
/// against the schema.
pub(super) fn are_plain(operation: &OperationDefinition, variables: &Variables) -> bool {
    operation.variable_definitions.iter().all(|definition| {
        let BaseType::Named(ty) = &definition.node.var_type.node.base else { return false };
        match (ty.as_str(), variables.get(&definition.node.name.node)) {
            // What is missing or null where it must not be was refused by `check`.
            ("String" | "ID" | "Int" | "Boolean", None | Some(Value::Null)) => true,
            ("String" | "ID", Some(Value::String(_))) | ("Boolean", Some(Value::Boolean(_))) => true,
            ("Int", Some(Value::Number(n))) => n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            _ => false,
        }
    })
}
