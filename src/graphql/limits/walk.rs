//! Measures a document: each selection set is measured once, and the weight of a fragment is cached.
//!
//! All sums saturate: exponential fragments weigh `u64::MAX` and take no longer than others.

use std::cell::Cell;
use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Positioned, Value, Variables};
use async_graphql_value::Value as AstValue;

use super::super::id::NodeId;
use super::field_costs::{FieldCost, FieldCosts};
use super::{
    COUNT_ALL_COST, COUNT_COST, JOURNEYS_COST, LIST_LENGTH, LimitError, Limits, Measure, Measured, PARTS, SEARCH_COST,
};

pub(super) struct Walk<'a> {
    document: &'a ExecutableDocument,
    chosen: Option<&'a OperationDefinition>,
    variables: &'a Variables,
    limits: &'a Limits,
    costs: &'a FieldCosts,
    /// The weights of fragments; `None` while a fragment is being measured.
    fragments: HashMap<&'a str, Option<Weight>>,
    /// Whether a variable was read.
    varies: Cell<bool>,
    /// The number of selections visited, for tests.
    #[cfg(test)]
    visited: usize,
}

/// The measures of a selection set.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    /// Nested fields.
    depth: u64,
    /// Nested selection sets, including itself.
    nesting: u64,
    /// Fields directly in it, with fragments expanded.
    width: u64,
    fields: u64,
    aliases: u64,
    directives: u64,
    /// Values, without those in its lists.
    flat: u64,
    /// Values of each entry of its lists. `nodes` and `edges` of a connection have `first` entries.
    each: u64,
    /// Fields `totalCount` directly in it, with fragments expanded.
    counts: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        document: &'a ExecutableDocument,
        operation_name: Option<&str>,
        variables: &'a Variables,
        limits: &'a Limits,
        costs: &'a FieldCosts,
    ) -> Self {
        let mut operations = document.operations.iter();
        let chosen = match operation_name {
            Some(wanted) => operations.find(|(name, _)| name.is_some_and(|name| name == wanted)),
            None => operations.next(),
        };
        let chosen = chosen.map(|(_, operation)| &operation.node);
        Self {
            document,
            chosen,
            variables,
            limits,
            costs,
            fragments: HashMap::new(),
            varies: Cell::new(false),
            #[cfg(test)]
            visited: 0,
        }
    }

    /// Measures every operation, and every fragment that no operation uses: these are validated too.
    pub(super) fn measure(&mut self) -> Result<Measured, LimitError> {
        let document = self.document;
        let mut measured = Measured::default();
        for (_, operation) in document.operations.iter() {
            let operation = &operation.node;
            let mut weight = self.set(&operation.selection_set.node, self.costs.root(operation.ty), 1)?;
            weight.directives = weight.directives.saturating_add(self.directives(&operation.directives));
            for variable in &operation.variable_definitions {
                weight.directives = weight.directives.saturating_add(self.directives(&variable.node.directives));
            }
            measured.add(&weight);
            measured.root_fields = measured.root_fields.max(weight.width);
            if self.chosen.is_some_and(|chosen| std::ptr::eq(chosen, operation)) {
                measured.cost = weight.values(LIST_LENGTH);
            }
        }
        for name in document.fragments.keys() {
            if !self.fragments.contains_key(name.as_str()) {
                let weight = self.fragment(name, 1)?.unwrap_or_default();
                measured.add(&weight);
            }
        }
        measured.varies = self.varies.get();
        Ok(measured)
    }

    /// The number of selections visited.
    #[cfg(test)]
    pub(super) fn visited(&self) -> usize {
        self.visited
    }

    /// Measures a selection set. `level` is the number of open selection sets, including this one.
    fn set(&mut self, set: &'a SelectionSet, ty: &str, level: u64) -> Result<Weight, LimitError> {
        // Checked here and not at the end, to limit the recursion.
        if level > self.limits.nesting {
            return Err(self.nested(level));
        }
        let mut weight = Weight::default();
        for selection in &set.items {
            #[cfg(test)]
            {
                self.visited += 1;
            }
            let (part, directives) = match &selection.node {
                Selection::Field(field) => (self.field(&field.node, ty, level)?, &field.node.directives),
                Selection::InlineFragment(inline) => {
                    let inline = &inline.node;
                    let ty = inline.type_condition.as_ref().map_or(ty, |condition| condition.node.on.node.as_str());
                    (self.set(&inline.selection_set.node, ty, level + 1)?, &inline.directives)
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let part = self.fragment(name, level + 1)?;
                    let part = part.ok_or_else(|| LimitError::Cycle { fragment: name.to_owned(), at: spread.pos })?;
                    if level.saturating_add(part.nesting) > self.limits.nesting {
                        return Err(self.nested(level.saturating_add(part.nesting)));
                    }
                    (part, &spread.node.directives)
                }
            };
            let directives = self.directives(directives);
            weight.depth = weight.depth.max(part.depth);
            weight.nesting = weight.nesting.max(part.nesting);
            weight.width = weight.width.saturating_add(part.width);
            weight.fields = weight.fields.saturating_add(part.fields);
            weight.aliases = weight.aliases.saturating_add(part.aliases);
            weight.directives = weight.directives.saturating_add(part.directives).saturating_add(directives);
            weight.flat = weight.flat.saturating_add(part.flat);
            weight.each = weight.each.saturating_add(part.each);
            weight.counts = weight.counts.saturating_add(part.counts);
        }
        weight.nesting += 1;
        Ok(weight)
    }

    /// Measures a fragment. `None` when it is being measured, so it contains itself. A fragment that is not defined weighs
    /// nothing; validation reports it.
    fn fragment(&mut self, name: &'a str, level: u64) -> Result<Option<Weight>, LimitError> {
        if let Some(known) = self.fragments.get(name) {
            return Ok(*known);
        }
        let Some(definition) = self.document.fragments.get(name) else {
            return Ok(Some(Weight::default()));
        };
        self.fragments.insert(name, None);
        let definition = &definition.node;
        let mut weight = self.set(&definition.selection_set.node, &definition.type_condition.node.on.node, level)?;
        weight.directives = weight.directives.saturating_add(self.directives(&definition.directives));
        self.fragments.insert(name, Some(weight));
        Ok(Some(weight))
    }

    fn field(&mut self, field: &'a Field, ty: &str, level: u64) -> Result<Weight, LimitError> {
        let costs = self.costs;
        let unknown = FieldCost::default();
        let field_cost = costs.field(ty, &field.name.node).unwrap_or(&unknown);
        let asked = self.keys(field)?.or_else(|| self.first(field, field_cost));
        let asked = asked.or_else(|| is_part(ty, &field.name.node).then_some(PARTS));
        let child = match field.selection_set.node.items.is_empty() {
            true => Weight::default(),
            false => self.set(&field.selection_set.node, &field_cost.of, level + 1)?,
        };
        let (flat, each) = match (field_cost.list, asked) {
            (false, entries) => (child.values(entries.unwrap_or(LIST_LENGTH)).saturating_add(1), 0),
            (true, Some(entries)) => (child.values(LIST_LENGTH).saturating_mul(entries).saturating_add(1), 0),
            (true, None) => (1, child.values(LIST_LENGTH)),
        };
        let flat = flat.saturating_add(COUNT_COST.saturating_mul(self.moments(field)));
        let flat = flat.saturating_add(if scans_journeys(ty, &field.name.node) { JOURNEYS_COST } else { 0 });
        let flat = flat.saturating_add(if reads_customers(ty, &field.name.node) { SEARCH_COST } else { 0 });
        let flat = flat.saturating_add(self.search_cost(field, field_cost, child.counts));
        Ok(Weight {
            depth: child.depth + 1,
            nesting: child.nesting,
            width: 1,
            fields: child.fields.saturating_add(1),
            aliases: child.aliases.saturating_add(u64::from(field.alias.is_some())),
            directives: child.directives,
            flat,
            each,
            counts: u64::from(["totalCount", "hiddenByConsent"].contains(&field.name.node.as_str())),
        })
    }

    /// The cost of searching and counting, beside the values of the page.
    fn search_cost(&self, field: &Field, field_cost: &FieldCost, counts: u64) -> u64 {
        let counted = |each: u64| each.saturating_mul(counts);
        match (field_cost.of.as_str(), self.given(field, "filter")) {
            ("ChangeConnection", _) => counted(COUNT_ALL_COST),
            ("CustomerConnection", Some(filter)) => {
                let text = ["text", "is", "segments"].iter().any(|part| self.part(filter, part));
                counted(COUNT_ALL_COST).saturating_add(if text { SEARCH_COST } else { 0 })
            }
            ("TouchpointConnection", Some(_)) => counted(COUNT_COST),
            _ => 0,
        }
    }

    /// The value of an argument, when it is given and not null.
    fn given<'f>(&self, field: &'f Field, argument: &str) -> Option<&'f AstValue> {
        let given = &field.get_argument(argument)?.node;
        let is_null = match given {
            AstValue::Variable(name) => self.variable(name).is_none_or(|value| *value == Value::Null),
            given => *given == AstValue::Null,
        };
        (!is_null).then_some(given)
    }

    /// Whether a field of an input object is given and not null.
    fn part(&self, object: &AstValue, name: &str) -> bool {
        match object {
            AstValue::Variable(variable) => match self.variable(variable) {
                Some(Value::Object(parts)) => parts.get(name).is_some_and(|part| *part != Value::Null),
                _ => false,
            },
            AstValue::Object(parts) => match parts.get(name) {
                Some(AstValue::Variable(part)) => self.variable(part).is_some_and(|value| *value != Value::Null),
                Some(part) => *part != AstValue::Null,
                None => false,
            },
            _ => false,
        }
    }

    /// The number of past moments: in `asOf`, or in ids.
    fn moments(&self, field: &Field) -> u64 {
        let as_of = field.get_argument("asOf").is_some_and(|given| match &given.node {
            AstValue::Variable(name) => self.variable(name).is_some_and(|value| *value != Value::Null),
            given => *given != AstValue::Null,
        });
        let by_ids = |argument| field.get_argument(argument).map_or(0, |given| self.past_ids(&given.node));
        u64::from(as_of) + ["id", "ids", "by", "keys"].into_iter().map(by_ids).sum::<u64>()
    }

    /// The number of ids with a past moment in an argument.
    fn past_ids(&self, given: &AstValue) -> u64 {
        match given {
            AstValue::Variable(name) => self.variable(name).map_or(0, past_ids),
            AstValue::String(id) => u64::from(NodeId::has_moment(id)),
            AstValue::List(entries) => entries.iter().map(|entry| self.past_ids(entry)).sum(),
            AstValue::Object(parts) => parts.get("id").map_or(0, |id| self.past_ids(id)),
            _ => 0,
        }
    }

    /// The length of a list of keys, checked against its limit.
    fn keys(&self, field: &Field) -> Result<Option<u64>, LimitError> {
        let Some((name, argument, limit)) = self.limits.lists.iter().find(|(name, ..)| field.name.node == *name) else {
            return Ok(None);
        };
        let Some(given) = field.get_argument(argument) else { return Ok(None) };
        let length = match &given.node {
            AstValue::Variable(name) => self.variable(name).map(|value| match value {
                Value::List(entries) => entries.len(),
                _ => 1,
            }),
            AstValue::Null => None,
            AstValue::List(entries) => Some(entries.len()),
            _ => Some(1),
        };
        match length.map(|length| length as u64) {
            Some(value) if value > *limit => {
                Err(LimitError::LongList { field: name, argument, value, limit: *limit, at: given.pos })
            }
            length => Ok(length),
        }
    }

    /// The requested number of entries of a page. A number that the resolver will refuse counts as the largest.
    fn first(&self, field: &Field, field_cost: &FieldCost) -> Option<u64> {
        if !field_cost.paged {
            return None;
        }
        let given = ["first", "last"].iter().find_map(|argument| {
            let number = match &field.get_argument(argument)?.node {
                AstValue::Variable(name) => match self.variable(name)? {
                    Value::Number(number) => number,
                    _ => return None,
                },
                AstValue::Number(number) => number,
                _ => return None,
            };
            Some(number.as_u64().unwrap_or(self.limits.first))
        });
        let entries = given.unwrap_or(match (field_cost.list, field_cost.first) {
            // A list inside an object is usually shown whole: its default is a maximum, not the expected length.
            (true, default) => default.unwrap_or(LIST_LENGTH).min(LIST_LENGTH),
            (false, default) => default.unwrap_or(self.limits.first),
        });
        Some(entries.min(self.limits.first))
    }

    /// The value of a variable: the one that was sent, else the default of the chosen operation.
    fn variable(&self, name: &str) -> Option<&Value> {
        self.varies.set(true);
        self.variables.get(name).or_else(|| {
            let definitions = &self.chosen?.variable_definitions;
            let definition = definitions.iter().find(|definition| definition.node.name.node == name)?;
            Some(&definition.node.default_value.as_ref()?.node)
        })
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> u64 {
        directives.len() as u64
    }

    fn nested(&self, value: u64) -> LimitError {
        LimitError::TooMuch { measure: Measure::Nesting, value, limit: self.limits.nesting, at: None }
    }
}

/// Whether a field scans the journeys of all customers.
fn scans_journeys(ty: &str, field: &str) -> bool {
    match ty {
        "Journeys" => !matches!(field, "id" | "__typename"),
        "FunnelStep" => matches!(field, "customersReached" | "customersDropped"),
        "PatternMatch" => field == "customers",
        _ => false,
    }
}

/// Whether a field reads every customer.
fn reads_customers(ty: &str, field: &str) -> bool {
    match ty {
        "Segment" => matches!(field, "size" | "hiddenByConsent" | "customers" | "misfits" | "nearMisses"),
        _ => false,
    }
}

/// Whether a field has the parts of a condition, which are few because a condition has at most 100 in all.
fn is_part(ty: &str, field: &str) -> bool {
    ty == "ConditionAnswer" && field == "parts"
}

/// The number of ids with a past moment in the value of a variable.
fn past_ids(value: &Value) -> u64 {
    match value {
        Value::String(id) => u64::from(NodeId::has_moment(id)),
        Value::List(entries) => entries.iter().map(past_ids).sum(),
        Value::Object(parts) => parts.get("id").map_or(0, past_ids),
        _ => 0,
    }
}

impl Weight {
    /// The number of values when each list has `entries` entries.
    fn values(&self, entries: u64) -> u64 {
        self.flat.saturating_add(self.each.saturating_mul(entries))
    }
}

impl Measured {
    fn add(&mut self, weight: &Weight) {
        self.depth = self.depth.max(weight.depth);
        self.nesting = self.nesting.max(weight.nesting);
        self.fields = self.fields.saturating_add(weight.fields);
        self.aliases = self.aliases.saturating_add(weight.aliases);
        self.directives = self.directives.saturating_add(weight.directives);
    }
}
