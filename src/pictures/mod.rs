//! Pictures of the figures about journeys, as SVG: layout is done here once, and the command line and the console show
//! the same bytes.
//!
//! A picture is drawn from the answer to its own GraphQL document, and has the question, the change number and the table
//! of the answer as metadata. The same answer gives the same bytes. The picture has no script; each mark has a sentence as
//! its title, for people who hear it. Marks have a place in a grid (`data-x`, `data-y`), for the arrow keys.

mod attribution;
mod comparison;
mod drawing;
mod flow;
mod funnel;
mod paths;
mod table;
#[cfg(test)]
mod tests;
mod time_between;
mod transitions;
pub(crate) mod words;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use drawing::Drawing;
use table::Table;

/// The kinds of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// The touchpoints around an anchor.
    Flow,
    /// How often one value follows another.
    Transitions,
    /// How many journeys reach each step.
    Funnel,
    /// The most frequent paths.
    Paths,
    /// The time from one touchpoint to another.
    TimeBetween,
    /// The credit for conversions.
    Attribution,
    /// The transitions of two scopes.
    Comparison,
}

/// The answer is not one to the document of the picture.
#[derive(Debug, thiserror::Error)]
#[error("the answer does not belong to this picture: {0}")]
pub struct WrongAnswer(String);

/// What a picture shows.
struct Content {
    drawing: Drawing,
    table: Table,
    /// Values of the question that no touchpoint has.
    unknown: Vec<String>,
}

impl Picture {
    /// All kinds.
    pub const ALL: [Picture; 7] = [
        Picture::Flow,
        Picture::Transitions,
        Picture::Funnel,
        Picture::Paths,
        Picture::TimeBetween,
        Picture::Attribution,
        Picture::Comparison,
    ];

    /// The name, as in `POST /pictures`.
    pub fn name(self) -> &'static str {
        match self {
            Picture::Flow => "flow",
            Picture::Transitions => "transitions",
            Picture::Funnel => "funnel",
            Picture::Paths => "paths",
            Picture::TimeBetween => "timeBetween",
            Picture::Attribution => "attribution",
            Picture::Comparison => "comparison",
        }
    }

    /// The picture with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|picture| picture.name() == name)
    }

    /// The GraphQL document whose answer it shows.
    pub fn document(self) -> &'static str {
        match self {
            Picture::Flow => include_str!("documents/flow.graphql"),
            Picture::Transitions => include_str!("documents/transitions.graphql"),
            Picture::Funnel => include_str!("documents/funnel.graphql"),
            Picture::Paths => include_str!("documents/paths.graphql"),
            Picture::TimeBetween => include_str!("documents/time_between.graphql"),
            Picture::Attribution => include_str!("documents/attribution.graphql"),
            Picture::Comparison => include_str!("documents/comparison.graphql"),
        }
    }

    /// The variables that the document has, without nulls, in one order: the same question has the same text.
    pub fn variables(self, given: &Value) -> Value {
        let declared = |name: &str| {
            let document = self.document();
            document.match_indices(&format!("${name}")).any(|(at, found)| document[at + found.len()..].starts_with(':'))
        };
        let Some(given) = given.as_object() else { return Value::Object(Map::new()) };
        sorted(&Value::Object(
            given.iter().filter(|(name, _)| declared(name)).map(|(k, v)| (k.clone(), v.clone())).collect(),
        ))
    }

    /// Draws the answer to the document with these variables. `data` is the `data` of the answer.
    ///
    /// # Errors
    /// When the answer is not one to the document.
    pub fn draw(self, variables: &Value, data: &Value) -> Result<String, WrongAnswer> {
        let journeys = &data["journeys"];
        let change = journeys["changeNumber"].as_i64().ok_or_else(|| WrongAnswer("no change number".to_owned()))?;
        let variables = self.variables(variables);
        let content = match self {
            Picture::Flow => flow::draw(&read(journeys, "flow")?),
            Picture::Transitions => transitions::draw(&read(journeys, "transitions")?),
            Picture::Funnel => funnel::draw(&read(journeys, "funnel")?),
            Picture::Paths => paths::draw(&read(journeys, "paths")?),
            Picture::TimeBetween => time_between::draw(&read(journeys, "timeBetween")?),
            Picture::Attribution => attribution::draw(&read(journeys, "attribution")?),
            Picture::Comparison => comparison::draw(&read(journeys, "compare")?),
        };
        let metadata = serde_json::json!({
            "picture": self.name(),
            "query": self.document(),
            "variables": variables,
            "changeNumber": change,
            "table": content.table,
            "unknownValues": content.unknown,
        });
        Ok(content.drawing.svg(&content.unknown, &sorted(&metadata)))
    }
}

fn read<T: DeserializeOwned>(journeys: &Value, field: &str) -> Result<T, WrongAnswer> {
    T::deserialize(&journeys[field]).map_err(|error| WrongAnswer(format!("{field}: {error}")))
}

/// The same JSON with the keys of its objects in order, and without nulls in them.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut pairs: Vec<(&String, &Value)> = object.iter().filter(|(_, value)| !value.is_null()).collect();
            pairs.sort_by_key(|(name, _)| *name);
            Value::Object(pairs.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// An amount of money.
#[derive(Debug, Deserialize)]
struct Amount {
    amount: String,
    currency: String,
}

impl Amount {
    fn text(&self) -> String {
        format!("{} {}", self.amount, self.currency)
    }
}

/// The end of a transition, for people.
fn end(value: &str) -> String {
    match value {
        "START" => "the start".to_owned(),
        "END" => "the end".to_owned(),
        value => value.to_owned(),
    }
}
