//! The walk over a document: each selection set is weighed once, a fragment's weight is kept.
//!
//! All sums saturate: a bomb of fragments weighs `u64::MAX`, and is found out as fast as any other.

use std::cell::Cell;
use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Positioned, Value, Variables};
use async_graphql_value::Value as Given;

use super::super::id::NodeId;
use super::rates::{Rate, Rates};
use super::{COUNTED, COUNTED_ALL, LISTED, LimitError, Limits, Measure, Measured, SEARCHED, SURVEYED};

pub(super) struct Walk<'a> {
    document: &'a ExecutableDocument,
    chosen: Option<&'a OperationDefinition>,
    variables: &'a Variables,
    limits: &'a Limits,
    rates: &'a Rates,
    /// `None` while the fragment is being weighed.
    fragments: HashMap<&'a str, Option<Weight>>,
    /// Whether a variable was asked.
    varies: Cell<bool>,
    /// How many selections were looked at: what a test means by "fast".
    #[cfg(test)]
    looked_at: usize,
}

/// What a selection set weighs.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    /// Levels of fields in it.
    depth: u64,
    /// Selection sets in it, itself included.
    nesting: u64,
    /// Fields directly in it, fragments expanded.
    width: u64,
    fields: u64,
    aliases: u64,
    directives: u64,
    /// Values, without what lies in its lists.
    flat: u64,
    /// Values for each entry of its lists: `nodes` and `edges` of a connection have as many as `first` says.
    each: u64,
    /// Fields `totalCount` directly in it, fragments expanded.
    counts: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        document: &'a ExecutableDocument,
        operation_name: Option<&str>,
        variables: &'a Variables,
        limits: &'a Limits,
        rates: &'a Rates,
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
            rates,
            fragments: HashMap::new(),
            varies: Cell::new(false),
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// Weighs every operation, and every fragment that none of them reaches: those are validated too.
    pub(super) fn measure(&mut self) -> Result<Measured, LimitError> {
        let document = self.document;
        let mut measured = Measured::default();
        for (_, operation) in document.operations.iter() {
            let operation = &operation.node;
            let mut weight = self.set(&operation.selection_set.node, self.rates.root(operation.ty), 1)?;
            weight.directives = weight.directives.saturating_add(self.directives(&operation.directives));
            for variable in &operation.variable_definitions {
                weight.directives = weight.directives.saturating_add(self.directives(&variable.node.directives));
            }
            measured.add(&weight);
            measured.root_fields = measured.root_fields.max(weight.width);
            if self.chosen.is_some_and(|chosen| std::ptr::eq(chosen, operation)) {
                measured.cost = weight.values(LISTED);
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

    /// How many selections were looked at: each of the text once, whatever they expand to.
    #[cfg(test)]
    pub(super) fn looked_at(&self) -> usize {
        self.looked_at
    }

    /// `level` is how many selection sets are open, this one included.
    fn set(&mut self, set: &'a SelectionSet, ty: &str, level: u64) -> Result<Weight, LimitError> {
        // Said here and not at the end, so that this function never recurses further than that.
        if level > self.limits.nesting {
            return Err(self.nested(level));
        }
        let mut weight = Weight::default();
        for selection in &set.items {
            #[cfg(test)]
            {
                self.looked_at += 1;
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

    /// A fragment's selection set; `None` when it is being weighed, so that it contains itself. One
    /// that is not defined weighs nothing: validation will say.
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
        let rates = self.rates;
        let unknown = Rate::default();
        let rate = rates.field(ty, &field.name.node).unwrap_or(&unknown);
        let asked = self.keys(field)?.or_else(|| self.first(field, rate));
        let child = match field.selection_set.node.items.is_empty() {
            true => Weight::default(),
            false => self.set(&field.selection_set.node, &rate.of, level + 1)?,
        };
        let (flat, each) = match (rate.list, asked) {
            (false, entries) => (child.values(entries.unwrap_or(LISTED)).saturating_add(1), 0),
            (true, Some(entries)) => (child.values(LISTED).saturating_mul(entries).saturating_add(1), 0),
            (true, None) => (1, child.values(LISTED)),
        };
        let flat = flat.saturating_add(COUNTED.saturating_mul(self.moments(field)));
        let flat = flat.saturating_add(if surveys(ty, &field.name.node) { SURVEYED } else { 0 });
        let flat = flat.saturating_add(self.sought(field, rate, child.counts));
        Ok(Weight {
            depth: child.depth + 1,
            nesting: child.nesting,
            width: 1,
            fields: child.fields.saturating_add(1),
            aliases: child.aliases.saturating_add(u64::from(field.alias.is_some())),
            directives: child.directives,
            flat,
            each,
            counts: u64::from(field.name.node == "totalCount"),
        })
    }

    /// What it costs to look for what fits and to count it, beside the values of the page.
    fn sought(&self, field: &Field, rate: &Rate, counts: u64) -> u64 {
        let counted = |each: u64| each.saturating_mul(counts);
        match (rate.of.as_str(), self.given(field, "filter")) {
            ("ChangeConnection", _) => counted(COUNTED_ALL),
            ("CustomerConnection", Some(filter)) => {
                let text = self.part(filter, "text");
                counted(COUNTED_ALL).saturating_add(if text { SEARCHED } else { 0 })
            }
            ("TouchpointConnection", Some(_)) => counted(COUNTED),
            _ => 0,
        }
    }

    /// An argument that was given, and not as null.
    fn given<'f>(&self, field: &'f Field, argument: &str) -> Option<&'f Given> {
        let given = &field.get_argument(argument)?.node;
        let is_null = match given {
            Given::Variable(name) => self.variable(name).is_none_or(|value| *value == Value::Null),
            given => *given == Given::Null,
        };
        (!is_null).then_some(given)
    }

    /// Whether a part of an object was given, and not as null.
    fn part(&self, object: &Given, name: &str) -> bool {
        match object {
            Given::Variable(variable) => match self.variable(variable) {
                Some(Value::Object(parts)) => parts.get(name).is_some_and(|part| *part != Value::Null),
                _ => false,
            },
            Given::Object(parts) => match parts.get(name) {
                Some(Given::Variable(part)) => self.variable(part).is_some_and(|value| *value != Value::Null),
                Some(part) => *part != Given::Null,
                None => false,
            },
            _ => false,
        }
    }

    /// How many moments of the past are asked for: by `asOf`, or by ids that carry one.
    fn moments(&self, field: &Field) -> u64 {
        let as_of = field.get_argument("asOf").is_some_and(|given| match &given.node {
            Given::Variable(name) => self.variable(name).is_some_and(|value| *value != Value::Null),
            given => *given != Given::Null,
        });
        let by_ids = |argument| field.get_argument(argument).map_or(0, |given| self.past_ids(&given.node));
        u64::from(as_of) + ["id", "ids", "by", "keys"].into_iter().map(by_ids).sum::<u64>()
    }

    /// How many ids in what is given carry a moment.
    fn past_ids(&self, given: &Given) -> u64 {
        match given {
            Given::Variable(name) => self.variable(name).map_or(0, past_ids),
            Given::String(id) => u64::from(NodeId::looks_past(id)),
            Given::List(entries) => entries.iter().map(|entry| self.past_ids(entry)).sum(),
            Given::Object(parts) => parts.get("id").map_or(0, |id| self.past_ids(id)),
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
            Given::Variable(name) => self.variable(name).map(|value| match value {
                Value::List(entries) => entries.len(),
                _ => 1,
            }),
            Given::Null => None,
            Given::List(entries) => Some(entries.len()),
            _ => Some(1),
        };
        match length.map(|length| length as u64) {
            Some(value) if value > *limit => {
                Err(LimitError::LongList { field: name, argument, value, limit: *limit, at: given.pos })
            }
            length => Ok(length),
        }
    }

    /// How many entries of a page are asked for. A number that the resolver will refuse counts as the largest.
    fn first(&self, field: &Field, rate: &Rate) -> Option<u64> {
        if !rate.paged {
            return None;
        }
        let given = ["first", "last"].iter().find_map(|argument| {
            let number = match &field.get_argument(argument)?.node {
                Given::Variable(name) => match self.variable(name)? {
                    Value::Number(number) => number,
                    _ => return None,
                },
                Given::Number(number) => number,
                _ => return None,
            };
            Some(number.as_u64().unwrap_or(self.limits.first))
        });
        let entries = given.unwrap_or(match (rate.list, rate.first) {
            // A list inside an object, which is there to be shown whole: its default is a cap, not a guess.
            (true, default) => default.unwrap_or(LISTED).min(LISTED),
            (false, default) => default.unwrap_or(self.limits.first),
        });
        Some(entries.min(self.limits.first))
    }

    /// What a variable holds: what was sent, else the default of the chosen operation.
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

/// Whether a field is a question about the journeys of all customers.
fn surveys(ty: &str, field: &str) -> bool {
    match ty {
        "Journeys" => !matches!(field, "id" | "__typename"),
        "FunnelStep" => matches!(field, "customersReached" | "customersDropped"),
        "PatternMatch" => field == "customers",
        _ => false,
    }
}

/// How many ids in the value of a variable carry a moment.
fn past_ids(value: &Value) -> u64 {
    match value {
        Value::String(id) => u64::from(NodeId::looks_past(id)),
        Value::List(entries) => entries.iter().map(past_ids).sum(),
        Value::Object(parts) => parts.get("id").map_or(0, past_ids),
        _ => 0,
    }
}

impl Weight {
    /// Values when each of its lists has so many entries.
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
