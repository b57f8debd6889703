//! Reads variables by their definitions, and makes the checks that async-graphql does not make.
//!
//! The value of a JSON variable is passed on as text, so that its numbers keep all digits. In other variables a lone
//! surrogate becomes U+FFFD.
//!
//! async-graphql checks a variable's value where an argument uses it, and takes a missing one as null. By the
//! specification (section 6.1.2) a missing non-null variable is an error of the request.

use std::borrow::Cow;
use std::collections::BTreeMap;

use async_graphql::parser::types::{BaseType, OperationDefinition, Type};
use async_graphql::{Name, ServerError, Value, Variables};
use serde_json::value::RawValue;

use super::error;
use crate::domain::surrogate;
use crate::ingest::json::Object;

/// The variables that an operation defines, from the JSON object of the request, and whether half a character in one
/// was replaced. Variables that are not defined are left out.
pub(super) fn read(operation: &OperationDefinition, sent: Option<&RawValue>) -> Result<(Variables, bool), ServerError> {
    let (mut variables, mut had_halves) = (Variables::default(), false);
    let Some(sent) = sent.filter(|_| !operation.variable_definitions.is_empty()) else { return Ok((variables, false)) };
    let unreadable = |what: &str| error("GRAPHQL_VALIDATION_FAILED", format!("{what} cannot be read"), None);
    let sent = Object::parse(sent.get()).ok_or_else(|| unreadable("`variables`"))?;
    let sent: BTreeMap<&str, &RawValue> = sent.entries().map(|(name, raw)| (name.as_ref(), raw)).collect();
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        let name = &definition.name.node;
        let Some(raw) = sent.get(name.as_str()) else { continue };
        let value = value(&definition.var_type.node, raw, &mut had_halves);
        variables.insert(name.clone(), value.ok_or_else(|| unreadable(&format!("the variable `${name}`")))?);
    }
    Ok((variables, had_halves))
}

fn value(ty: &Type, raw: &RawValue, had_halves: &mut bool) -> Option<Value> {
    match &ty.base {
        _ if raw.get() == "null" => Some(Value::Null),
        BaseType::Named(name) if name == "JSON" => async_graphql::to_value(raw).ok(),
        BaseType::List(inner) if raw.get().starts_with('[') => {
            let entries: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
            entries.into_iter().map(|raw| value(inner, raw, had_halves)).collect::<Option<_>>().map(Value::List)
        }
        // A single value where a list is expected is a list with this value.
        BaseType::List(inner) => value(inner, raw, had_halves),
        BaseType::Named(_) => {
            let mended = surrogate::mend(raw.get());
            *had_halves |= matches!(mended, Cow::Owned(_));
            serde_json::from_str(&mended).ok().map(of_json)
        }
    }
}

/// Converts by hand: serde represents a number with all its digits as an object.
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
        let message = format!("the variable `${name}` {problem}, but its type is `{ty}`");
        return Err(error("GRAPHQL_VALIDATION_FAILED", message, Some(at)));
    }
    Ok(())
}

/// Whether every value is a text, a whole number or a boolean of the right type. Then a valid document needs no check
/// against the schema again.
pub(super) fn are_plain(operation: &OperationDefinition, variables: &Variables) -> bool {
    operation.variable_definitions.iter().all(|definition| {
        let BaseType::Named(ty) = &definition.node.var_type.node.base else { return false };
        match (ty.as_str(), variables.get(&definition.node.name.node)) {
            // `check` has refused missing and null values where they are not allowed.
            ("String" | "ID" | "Int" | "Boolean", None | Some(Value::Null)) => true,
            ("String" | "ID", Some(Value::String(_))) | ("Boolean", Some(Value::Boolean(_))) => true,
            ("Int", Some(Value::Number(n))) => n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            _ => false,
        }
    })
}
