//! What the schema says about each field that its cost depends on.

use async_graphql::Value;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, FieldDefinition, OperationType, Type, TypeKind, TypeSystemDefinition};
use rustc_hash::FxHashMap;

/// The types of introspection, which no schema prints; only what is a list or has selections matters.
const INTROSPECTION: &str = "
    type __Schema { types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type directives: [__Directive!]! }
    type __Type { fields: [__Field!] interfaces: [__Type!] possibleTypes: [__Type!] enumValues: [__EnumValue!]
        inputFields: [__InputValue!] ofType: __Type }
    type __Field { args: [__InputValue!]! type: __Type! }
    type __InputValue { type: __Type! }
    type __EnumValue { name: String! }
    type __Directive { locations: [__DirectiveLocation!]! args: [__InputValue!]! }";

/// Fields by type and name.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    types: FxHashMap<String, FxHashMap<String, Rate>>,
    roots: [Option<String>; 3],
}

/// A field, as far as its cost goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate {
    /// The type of what it holds, without list and non-null.
    pub(super) of: String,
    /// Whether it is a list itself.
    pub(super) list: bool,
    /// Whether it takes `first`.
    pub(super) paged: bool,
    /// The schema's default of `first`.
    pub(super) first: Option<u64>,
}

impl Rates {
    /// Reads them from a schema in schema definition language.
    pub fn new(schema: &str) -> Result<Self, async_graphql::parser::Error> {
        let mut rates =
            Self { roots: ["Query", "Mutation", "Subscription"].map(|name| Some(name.to_owned())), ..Self::default() };
        for text in [INTROSPECTION, schema] {
            for definition in parse_schema(text)?.definitions {
                match definition {
                    TypeSystemDefinition::Schema(schema) => {
                        let schema = schema.node;
                        rates.roots = [schema.query, schema.mutation, schema.subscription]
                            .map(|root| root.map(|name| name.node.to_string()));
                    }
                    TypeSystemDefinition::Type(ty) => {
                        let fields = match ty.node.kind {
                            TypeKind::Object(object) => object.fields,
                            TypeKind::Interface(interface) => interface.fields,
                            _ => continue,
                        };
                        let fields =
                            fields.into_iter().map(|field| (field.node.name.node.to_string(), rate(&field.node)));
                        rates.types.entry(ty.node.name.node.to_string()).or_default().extend(fields);
                    }
                    TypeSystemDefinition::Directive(_) => {}
                }
            }
        }
        if let Some(query) = rates.roots[0].clone() {
            let root = rates.types.entry(query).or_default();
            root.insert("__schema".into(), Rate { of: "__Schema".into(), ..Rate::default() });
            root.insert("__type".into(), Rate { of: "__Type".into(), ..Rate::default() });
        }
        Ok(rates)
    }

    /// The type at the top of an operation.
    pub(super) fn root(&self, operation: OperationType) -> &str {
        let root = match operation {
            OperationType::Query => &self.roots[0],
            OperationType::Mutation => &self.roots[1],
            OperationType::Subscription => &self.roots[2],
        };
        root.as_deref().unwrap_or_default()
    }

    /// A field; `None` for one that the schema does not have, which validation will say.
    pub(super) fn field(&self, ty: &str, name: &str) -> Option<&Rate> {
        self.types.get(ty)?.get(name)
    }
}

fn rate(field: &FieldDefinition) -> Rate {
    let first = field.arguments.iter().find(|argument| argument.node.name.node == "first");
    let (of, list) = named(&field.ty.node);
    Rate {
        of,
        list,
        paged: first.is_some(),
        first: first.and_then(|first| match first.node.default_value.as_ref().map(|default| &default.node) {
            Some(Value::Number(number)) => number.as_u64(),
            _ => None,
        }),
    }
}

/// The named type inside, and whether there is a list around it.
fn named(ty: &Type) -> (String, bool) {
    match &ty.base {
        BaseType::Named(name) => (name.to_string(), false),
        BaseType::List(inner) => (named(inner).0, true),
    }
}
