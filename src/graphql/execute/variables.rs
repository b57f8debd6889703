//! Variables against their definitions, as far as validation leaves it undone.
//!
//! async-graphql checks a variable's value where an argument uses it, and takes a missing one for
//! null; the specification (section 6.1.2) makes a missing non-null variable an error of the request.

use async_graphql::parser::types::OperationDefinition;
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
