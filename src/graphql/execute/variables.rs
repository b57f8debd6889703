//! Variables, read as their definitions want them and checked as far as validation leaves it undone.
//!
//! What a JSON variable is given goes on as the text that it is, so that nothing of it changes on the way.
//!
//! async-graphql checks a variable's value where an argument uses it, and takes a missing one for
//! null; the specification (section 6.1.2) makes a missing non-null variable an error of the request.

use std::collections::BTreeMap;

use async_graphql::parser::types::{BaseType, OperationDefinition, Type};
use async_graphql::{Name, ServerError, Value, Variables};
use serde_json::value::RawValue;

use super::error;

/// The variables that an operation defines, out of the JSON object that was sent. Others are nobody's.
pub(super) fn read(operation: &OperationDefinition, sent: Option<&RawValue>) -> Result<Variables, ServerError> {
    let mut variables = Variables::default();
    let Some(sent) = sent.filter(|_| !operation.variable_definitions.is_empty()) else { return Ok(variables) };
    let unreadable = |what: &str| error("GRAPHQL_VALIDATION_FAILED", format!("{what} cannot be read"), None);
    let sent: BTreeMap<String, &RawValue> = serde_json::from_str(sent.get()).map_err(|_| unreadable("`variables`"))?;
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        let name = &definition.name.node;
        let Some(raw) = sent.get(name.as_str()) else { continue };
        let value =
            value(&definition.var_type.node, raw).ok_or_else(|| unreadable(&format!("the variable `${name}`")))?;
        variables.insert(name.clone(), value);
    }
    Ok(variables)
}

fn value(ty: &Type, raw: &RawValue) -> Option<Value> {
    match &ty.base {
        _ if raw.get() == "null" => Some(Value::Null),
        BaseType::Named(name) if name == "JSON" => async_graphql::to_value(raw).ok(),
        BaseType::List(inner) if raw.get().starts_with('[') => {
            let entries: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
            entries.into_iter().map(|raw| value(inner, raw)).collect::<Option<_>>().map(Value::List)
        }
        // One value where a list is wanted is a list of it.
        BaseType::List(inner) => value(inner, raw),
        BaseType::Named(_) => serde_json::from_str(raw.get()).ok().map(of_json),
    }
}

/// By hand: as serde sees it, a number that keeps its digits is an object.
fn of_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Boolean(truth),
        serde_json::Value::Number(number) => Value::Number(number),
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(entries) => Value::List(entries.into_iter().map(of_json).collect()),
        serde_json::Value::Object(entries) => {
            Value::Object(entries.into_iter().map(|(name, value)| (Name::new(name), of_json(value))).collect())
        }
    }
}

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
