//! The properties of each field of the schema on which its cost depends.

use async_graphql::Value;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, FieldDefinition, OperationType, Type, TypeKind, TypeSystemDefinition};
use rustc_hash::FxHashMap;

/// The types of introspection, which a printed schema leaves out. Only lists and fields with selections matter.
const INTROSPECTION: &str = "
    type __Schema { types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type directives: [__Directive!]! }
    type __Type { fields: [__Field!] interfaces: [__Type!] possibleTypes: [__Type!] enumValues: [__EnumValue!]
        inputFields: [__InputValue!] ofType: __Type }
    type __Field { args: [__InputValue!]! type: __Type! }
    type __InputValue { type: __Type! }
    type __EnumValue { name: String! }
    type __Directive { locations: [__DirectiveLocation!]! args: [__InputValue!]! }";

/// The fields of a schema, by type and name.
#[derive(Clone, Debug, Default)]
pub struct FieldCosts {
    types: FxHashMap<String, FxHashMap<String, FieldCost>>,
    roots: [Option<String>; 3],
}

/// The properties of a field.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldCost {
    /// The named type of the field, without list and non-null.
    pub(super) of: String,
    /// Whether the field is a list.
    pub(super) list: bool,
    /// Whether it has the argument `first`.
    pub(super) paged: bool,
    /// The default of `first`.
    pub(super) first: Option<u64>,
}

impl FieldCosts {
    /// Reads a schema in schema definition language.
    pub fn new(schema: &str) -> Result<Self, async_graphql::parser::Error> {
        let mut costs =
            Self { roots: ["Query", "Mutation", "Subscription"].map(|name| Some(name.to_owned())), ..Self::default() };
        for text in [INTROSPECTION, schema] {
            for definition in parse_schema(text)?.definitions {
                match definition {
                    TypeSystemDefinition::Schema(schema) => {
                        let schema = schema.node;
                        costs.roots = [schema.query, schema.mutation, schema.subscription]
                            .map(|root| root.map(|name| name.node.to_string()));
                    }
                    TypeSystemDefinition::Type(ty) => {
                        let fields = match ty.node.kind {
                            TypeKind::Object(object) => object.fields,
                            TypeKind::Interface(interface) => interface.fields,
                            _ => continue,
                        };
                        let fields =
                            fields.into_iter().map(|field| (field.node.name.node.to_string(), field_cost(&field.node)));
                        costs.types.entry(ty.node.name.node.to_string()).or_default().extend(fields);
                    }
                    TypeSystemDefinition::Directive(_) => {}
                }
            }
        }
        if let Some(query) = costs.roots[0].clone() {
            let root = costs.types.entry(query).or_default();
            root.insert("__schema".into(), FieldCost { of: "__Schema".into(), ..FieldCost::default() });
            root.insert("__type".into(), FieldCost { of: "__Type".into(), ..FieldCost::default() });
        }
        Ok(costs)
    }

    /// The root type of an operation.
    pub(super) fn root(&self, operation: OperationType) -> &str {
        let root = match operation {
            OperationType::Query => &self.roots[0],
            OperationType::Mutation => &self.roots[1],
            OperationType::Subscription => &self.roots[2],
        };
        root.as_deref().unwrap_or_default()
    }

    /// A field. `None` when the schema does not have it; validation reports that.
    pub(super) fn field(&self, ty: &str, name: &str) -> Option<&FieldCost> {
        self.types.get(ty)?.get(name)
    }
}

fn field_cost(field: &FieldDefinition) -> FieldCost {
    let first = field.arguments.iter().find(|argument| argument.node.name.node == "first");
    let (of, list) = named(&field.ty.node);
    FieldCost {
        of,
        list,
        paged: first.is_some(),
        first: first.and_then(|first| match first.node.default_value.as_ref().map(|default| &default.node) {
            Some(Value::Number(number)) => number.as_u64(),
            _ => None,
        }),
    }
}

/// The named type, and whether it is in a list.
fn named(ty: &Type) -> (String, bool) {
    match &ty.base {
        BaseType::Named(name) => (name.to_string(), false),
        BaseType::List(inner) => (named(inner).0, true),
    }
}
