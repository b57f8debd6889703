//! Limits of a request, checked before it is validated or run.
//!
//! There are two checks. [`check_text`] checks the text before it is parsed, because the parser is recursive and deep
//! brackets would overflow its stack. [`measure`] checks the parsed document before it is validated, because validation
//! expands fragments, and a document of 1 KB can expand to billions of fields. Both take time in proportion to the
//! length of the text.
//!
//! The *cost* of an operation is the maximum number of values in its answer. Each field costs 1. `first` (or the length
//! of a list of keys) multiplies the cost of the fields below. A list without paging counts as [`LIST_LENGTH`] entries.
//! Added to that are: [`COUNT_COST`] for each past moment, in `asOf` or in an id; [`JOURNEYS_COST`] for each journeys
//! query; [`SEARCH_COST`] for each text search, and for each figure about the members of a segment; for `totalCount` [`COUNT_ALL_COST`] with filtered customers and the
//! change log, and [`COUNT_COST`] with filtered touchpoints. [`FieldCosts`] has the fields of the schema.

mod field_costs;
mod text;
mod walk;

use std::collections::BTreeMap;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Pos, Value, Variables};

pub use field_costs::FieldCosts;
pub use text::{check_text, mend};

/// The assumed number of entries of a list without `first`.
pub const LIST_LENGTH: u64 = 10;

/// The assumed number of conditions directly inside a condition.
pub const PARTS: u64 = 3;

/// The cost of a past moment, in values: its figures are counted from a history.
pub const COUNT_COST: u64 = 500;

/// The cost of a query of all customers' journeys, in values: it scans every touchpoint.
pub const JOURNEYS_COST: u64 = 500;

/// The cost of a text search, in values: each word is looked up in an index, and the candidates are checked.
pub const SEARCH_COST: u64 = 2_000;

/// The cost of counting filtered customers or the change log, in values: each row is read.
pub const COUNT_ALL_COST: u64 = 5_000;

/// The limit of each [`Measure`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the query's text.
    pub bytes: u64,
    /// Tokens of the query's text.
    pub tokens: u64,
    /// Nested brackets in the text.
    pub brackets: u64,
    /// Nested fields.
    pub depth: u64,
    /// Nested selection sets, including those of fragments.
    pub nesting: u64,
    /// Fields with all fragments expanded.
    pub fields: u64,
    /// Root fields.
    pub root_fields: u64,
    /// Aliases, with all fragments expanded.
    pub aliases: u64,
    /// Directives, with all fragments expanded.
    pub directives: u64,
    /// The maximum number of values in the answer.
    pub cost: u64,
    /// The largest `first`. The resolver refuses a larger one; its cost counts as this.
    pub first: u64,
    /// Lists of keys: field, argument, and the maximum number of entries.
    pub lists: Vec<(&'static str, &'static str, u64)>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 32 * 1024,
            tokens: 5_000,
            brackets: 64,
            depth: 15, // as many as the introspection query of graphql-js and GraphiQL has
            nesting: 32,
            fields: 5_000,
            root_fields: 50,
            aliases: 200,
            directives: 50,
            cost: 100_000,
            first: 100,
            lists: vec![
                ("nodes", "ids", 100),
                ("customersBy", "keys", 100),
                ("identifiersBy", "keys", 100),
                ("eventsIngest", "events", 500),
            ],
        }
    }
}

/// The measures of a document. They include all its operations, because all are validated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Nested fields of the deepest operation.
    pub depth: u64,
    /// Nested selection sets of the deepest operation.
    pub nesting: u64,
    /// Fields with all fragments expanded.
    pub fields: u64,
    /// Root fields of the widest operation.
    pub root_fields: u64,
    /// Aliases.
    pub aliases: u64,
    /// Directives.
    pub directives: u64,
    /// The maximum number of values in the answer of the chosen operation.
    pub cost: u64,
    /// Whether the measures depend on the values of variables.
    pub varies: bool,
}

/// Measures a document and checks the limits. Only the operation `operation_name` has a cost. When it does not exist
/// the cost is 0, and the caller reports the error.
pub fn measure(
    document: &ExecutableDocument,
    operation_name: Option<&str>,
    variables: &Variables,
    limits: &Limits,
    costs: &FieldCosts,
) -> Result<Measured, LimitError> {
    let measured = walk::Walk::new(document, operation_name, variables, limits, costs).measure()?;
    for (measure, value, limit) in [
        (Measure::Depth, measured.depth, limits.depth),
        (Measure::Nesting, measured.nesting, limits.nesting),
        (Measure::RootFields, measured.root_fields, limits.root_fields),
        (Measure::Aliases, measured.aliases, limits.aliases),
        (Measure::Directives, measured.directives, limits.directives),
        (Measure::Fields, measured.fields, limits.fields),
        (Measure::Cost, measured.cost, limits.cost),
    ] {
        if value > limit {
            return Err(LimitError::TooMuch { measure, value, limit, at: None });
        }
    }
    Ok(measured)
}

/// A measure of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Bytes of the text.
    Bytes,
    /// Tokens of the text.
    Tokens,
    /// Nested brackets.
    Brackets,
    /// Nested fields.
    Depth,
    /// Nested selection sets.
    Nesting,
    /// Fields, with all fragments expanded.
    Fields,
    /// Root fields.
    RootFields,
    /// Aliases.
    Aliases,
    /// Directives.
    Directives,
    /// Values in the answer.
    Cost,
}

impl Measure {
    /// The name in `extensions.measure`.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Bytes => "bytes",
            Measure::Tokens => "tokens",
            Measure::Brackets => "brackets",
            Measure::Depth => "depth",
            Measure::Nesting => "nesting",
            Measure::Fields => "fields",
            Measure::RootFields => "rootFields",
            Measure::Aliases => "aliases",
            Measure::Directives => "directives",
            Measure::Cost => "cost",
        }
    }

    /// The measure that is too large, and how to avoid this.
    fn text(self) -> (&'static str, &'static str) {
        match self {
            Measure::Bytes => ("bytes of query text", "send long values as variables"),
            Measure::Tokens => ("tokens of query text", "send long values as variables, or ask in several requests"),
            Measure::Brackets => ("nested brackets", "send nested values as variables"),
            Measure::Depth => ("levels of fields", "select deeper objects with `node(id)`"),
            Measure::Nesting => ("nested selection sets", "use fewer fragments inside fragments"),
            Measure::Fields => ("fields, with fragments expanded", "ask in several requests"),
            Measure::RootFields => ("root fields", "use `nodes`, `customersBy` or `identifiersBy`"),
            Measure::Aliases => ("aliases", "use `nodes`, `customersBy` or `identifiersBy`"),
            Measure::Directives => ("directives", "leave out unwanted fields instead"),
            Measure::Cost => ("values in the answer", "use a smaller `first`, or select fewer fields"),
        }
    }
}

/// Why a document is not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// A measure is over its limit.
    #[error("{value} {}, at most {limit} are allowed: {}", measure.text().0, measure.text().1)]
    TooMuch {
        /// The measure.
        measure: Measure,
        /// Its value. When counting stopped early, the first value over the limit.
        value: u64,
        /// Its limit.
        limit: u64,
        /// The position, when there is one.
        at: Option<Pos>,
    },
    /// A list of keys is too long.
    #[error("`{argument}` of `{field}` has {value} entries, at most {limit} are allowed: ask in several requests")]
    LongList {
        /// The field.
        field: &'static str,
        /// The argument.
        argument: &'static str,
        /// The number of entries.
        value: u64,
        /// The maximum.
        limit: u64,
        /// The position.
        at: Pos,
    },
    /// A fragment contains itself, so it cannot be measured.
    #[error("fragment `{fragment}` contains itself")]
    Cycle {
        /// The name of the fragment.
        fragment: String,
        /// The position where it contains itself.
        at: Pos,
    },
}

impl LimitError {
    /// The error code. [`LimitError::LongList`] is a bad argument, as in the resolvers.
    pub fn code(&self) -> &'static str {
        match self {
            LimitError::TooMuch { .. } => "TOO_EXPENSIVE",
            LimitError::LongList { .. } => "BAD_ARGUMENT",
            LimitError::Cycle { .. } => "GRAPHQL_VALIDATION_FAILED",
        }
    }

    /// The position in the text, when there is one.
    pub fn at(&self) -> Option<Pos> {
        match self {
            LimitError::TooMuch { at, .. } => *at,
            LimitError::LongList { at, .. } | LimitError::Cycle { at, .. } => Some(*at),
        }
    }

    /// The entries of `extensions` beside the code.
    pub fn extensions(&self) -> BTreeMap<&'static str, Value> {
        match self {
            LimitError::TooMuch { measure, value, limit, .. } => BTreeMap::from([
                ("measure", Value::from(measure.name())),
                ("cost", Value::from(*value)),
                ("limit", Value::from(*limit)),
            ]),
            LimitError::LongList { argument, value, limit, .. } => BTreeMap::from([
                ("argument", Value::from(*argument)),
                ("hint", Value::from(format!("at most {limit} entries"))),
                ("cost", Value::from(*value)),
                ("limit", Value::from(*limit)),
            ]),
            LimitError::Cycle { .. } => BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests;
