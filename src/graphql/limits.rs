//! How much one request may ask for, measured before anything is validated or run.
//!
//! Two looks: [`check_text`] at the text, before it is parsed, so that a parser which recurses is
//! never handed a tower of brackets; [`measure`] at the parsed document, before it is validated,
//! because validation expands fragments and a document of 1 KB can expand to billions of fields.
//! Both take time in proportion to the text, whatever it says.
//!
//! The *cost* of an operation is the number of values its answer may hold: each field is 1, `first`
//! (or the length of a list of keys) multiplies what lies below it, and a list that is not paged
//! counts as [`LISTED`] entries. Each moment of the past that is asked for, by `asOf` or by an id that
//! carries one, is [`COUNTED`], each question about the journeys of all customers [`SURVEYED`], each search by
//! text [`SEARCHED`]; `totalCount` costs [`COUNTED_ALL`] of customers that must fit and of the change log,
//! [`COUNTED`] of touchpoints that must fit.
//! [`Rates`] know from the schema which field is which.

mod rates;
mod text;
mod walk;

use std::collections::BTreeMap;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Pos, Value, Variables};

pub use rates::Rates;
pub use text::{check_text, mend};

/// The entries that a list without `first` is taken to hold.
pub const LISTED: u64 = 10;

/// What a moment of the past costs, in values: its figures are counted over a history.
pub const COUNTED: u64 = 500;

/// What a question about the journeys of all customers costs, in values: it looks at every touchpoint.
pub const SURVEYED: u64 = 500;

/// What a search by text costs, in values: every word is looked for in an index, and candidates are looked at.
pub const SEARCHED: u64 = 2_000;

/// What it costs to count the customers that fit, or the whole change log: each is looked at.
pub const COUNTED_ALL: u64 = 5_000;

/// The most of each measure; what each means stands at its [`Measure`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the query's text.
    pub bytes: u64,
    /// Tokens of the query's text.
    pub tokens: u64,
    /// Brackets inside each other, in the text.
    pub brackets: u64,
    /// Levels of fields.
    pub depth: u64,
    /// Selection sets inside each other, those of fragments included.
    pub nesting: u64,
    /// Fields with all fragments expanded.
    pub fields: u64,
    /// Fields of the query or mutation itself.
    pub root_fields: u64,
    /// Aliases, with all fragments expanded.
    pub aliases: u64,
    /// Directives, with all fragments expanded.
    pub directives: u64,
    /// Values that the answer may hold.
    pub cost: u64,
    /// The largest `first`; a larger one is refused by the resolver, and counted as this.
    pub first: u64,
    /// Field, argument and the most entries of that list.
    pub lists: Vec<(&'static str, &'static str, u64)>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 32 * 1024,
            tokens: 5_000,
            brackets: 64,
            depth: 15, // the introspection query of graphql-js and GraphiQL has just these
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

/// What a document measures; the sizes are those of all its operations together, since all are validated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Levels of fields, of the deepest operation.
    pub depth: u64,
    /// Selection sets inside each other, of the deepest operation.
    pub nesting: u64,
    /// Fields with all fragments expanded.
    pub fields: u64,
    /// Fields at the top, of the widest operation.
    pub root_fields: u64,
    /// Aliases.
    pub aliases: u64,
    /// Directives.
    pub directives: u64,
    /// Values that the answer of the chosen operation may hold.
    pub cost: u64,
    /// Whether other values of the variables could measure otherwise.
    pub varies: bool,
}

/// Measures a document, and says which limit it breaks. `operation_name` chooses the operation
/// whose cost counts; one that is not there costs nothing, and is the caller's error to tell.
pub fn measure(
    document: &ExecutableDocument,
    operation_name: Option<&str>,
    variables: &Variables,
    limits: &Limits,
    rates: &Rates,
) -> Result<Measured, LimitError> {
    let measured = walk::Walk::new(document, operation_name, variables, limits, rates).measure()?;
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

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The text's bytes.
    Bytes,
    /// The text's tokens.
    Tokens,
    /// Brackets inside each other.
    Brackets,
    /// Levels of fields.
    Depth,
    /// Selection sets inside each other.
    Nesting,
    /// Fields, fragments expanded.
    Fields,
    /// Fields at the top.
    RootFields,
    /// Aliases.
    Aliases,
    /// Directives.
    Directives,
    /// Values of the answer.
    Cost,
}

impl Measure {
    /// Its name in `extensions.measure`.
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

    /// What there is too much of, and what helps.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Measure::Bytes => ("bytes of query text", "send long values as variables"),
            Measure::Tokens => ("tokens of query text", "send long values as variables, or ask in several requests"),
            Measure::Brackets => ("brackets inside each other", "send nested values as variables"),
            Measure::Depth => ("levels of fields", "ask for what lies deeper by `node(id)`"),
            Measure::Nesting => ("selection sets inside each other", "use fewer fragments inside fragments"),
            Measure::Fields => ("fields, with fragments expanded", "ask in several requests"),
            Measure::RootFields => ("fields at the top", "use `nodes`, `customersBy` or `identifiersBy`"),
            Measure::Aliases => ("aliases", "use `nodes`, `customersBy` or `identifiersBy`"),
            Measure::Directives => ("directives", "leave out what is not wanted instead"),
            Measure::Cost => ("values that the answer may hold", "ask for a smaller `first`, or for less of each"),
        }
    }
}

/// Why a document is not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// A measure is over its limit.
    #[error("{value} {}, at most {limit} are allowed: {}", measure.words().0, measure.words().1)]
    TooMuch {
        /// Which.
        measure: Measure,
        /// How much it is; where counting stopped early, the first value over the limit.
        value: u64,
        /// How much it may be.
        limit: u64,
        /// Where, when it is one place.
        at: Option<Pos>,
    },
    /// A list of keys is too long.
    #[error("`{argument}` of `{field}` has {value} entries, at most {limit} are allowed: ask in several requests")]
    LongList {
        /// Of this field.
        field: &'static str,
        /// This argument.
        argument: &'static str,
        /// Its entries.
        value: u64,
        /// The most.
        limit: u64,
        /// Where.
        at: Pos,
    },
    /// A fragment contains itself, so it has no measure.
    #[error("fragment `{fragment}` contains itself")]
    Cycle {
        /// Its name.
        fragment: String,
        /// Where it is spread within itself.
        at: Pos,
    },
}

impl LimitError {
    /// Its code: [`LimitError::LongList`] is a bad argument, as the resolvers would say too.
    pub fn code(&self) -> &'static str {
        match self {
            LimitError::TooMuch { .. } => "TOO_EXPENSIVE",
            LimitError::LongList { .. } => "BAD_ARGUMENT",
            LimitError::Cycle { .. } => "GRAPHQL_VALIDATION_FAILED",
        }
    }

    /// Where in the text, when it is one place.
    pub fn at(&self) -> Option<Pos> {
        match self {
            LimitError::TooMuch { at, .. } => *at,
            LimitError::LongList { at, .. } | LimitError::Cycle { at, .. } => Some(*at),
        }
    }

    /// What goes into `extensions` beside the code.
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
