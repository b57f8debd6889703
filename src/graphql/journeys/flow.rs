//! The flow of journeys around an anchor.

use async_graphql::{Enum, Error, SimpleObject};

use super::{ScopedView, size, texts, wrong_answer};
use crate::graphql::scalar::Long;
use crate::journeys::{Answer, Question, Step, flow};

/// Columns of values around an anchor, and the transitions between them.
#[derive(SimpleObject)]
pub struct Flow {
    /// The number of journeys with an anchor.
    journeys: Long,
    /// Values of the anchor that no touchpoint of the store has. They are probably misspelled.
    unknown_values: Vec<String>,
    /// The columns, from the first step before the anchor to the last step after it.
    columns: Vec<FlowColumn>,
    /// The transitions by step, the most frequent first. The transitions that leave a column add up to `journeys`.
    links: Vec<FlowLink>,
}

/// The values at one step.
#[derive(SimpleObject)]
pub struct FlowColumn {
    /// The distance from the anchor: 0 at the anchor, negative before it.
    step: i32,
    /// The entries, the most frequent first. They add up to `total`.
    entries: Vec<FlowEntry>,
    /// The number of journeys with an anchor.
    total: Long,
}

/// A value at a step, or OTHER, ENDED or NOT_BEGUN.
#[derive(SimpleObject)]
pub struct FlowEntry {
    /// The value. When `kind` is not VALUE, the name of the kind.
    value: String,
    /// What the entry is.
    kind: FlowEntryKind,
    /// The number of journeys.
    journeys: Long,
    /// The share of all journeys with an anchor.
    share: f64,
}

/// The kinds of flow entries.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "flow::FlowEntryKind")]
pub enum FlowEntryKind {
    /// A value.
    Value,
    /// All values of the column that are not shown.
    Other,
    /// The journey had ended.
    Ended,
    /// The journey had not started.
    NotBegun,
}

/// A transition from an entry of one column to an entry of the next column.
#[derive(SimpleObject)]
pub struct FlowLink {
    /// The step of the column it starts from.
    step: i32,
    /// The entry it starts from.
    from: String,
    /// The kind of the entry it starts from.
    from_kind: FlowEntryKind,
    /// The entry it goes to.
    to: String,
    /// The kind of the entry it goes to.
    to_kind: FlowEntryKind,
    /// The number of journeys.
    journeys: Long,
}

pub(super) async fn fetch(
    scoped: &ScopedView,
    anchor: Step,
    [before, after, top]: [(&str, i32); 3],
) -> Result<Flow, Error> {
    let size = |(argument, number): (&str, i32)| size(argument, number);
    let question = Question::Flow { anchor, before: size(before)?, after: size(after)?, top: size(top)? };
    match &*scoped.answer(&question).await? {
        Answer::Flow(flow) => Ok(Flow::of(flow)),
        _ => Err(wrong_answer()),
    }
}

impl Flow {
    fn of(flow: &flow::Flow) -> Self {
        let entry = |entry: &flow::FlowEntry| FlowEntry {
            value: entry.value.to_string(),
            kind: entry.kind.into(),
            journeys: Long(entry.journeys as i64),
            share: entry.share,
        };
        let column = |column: &flow::FlowColumn| FlowColumn {
            step: column.step,
            entries: column.entries.iter().map(entry).collect(),
            total: Long(column.total as i64),
        };
        let link = |link: &flow::FlowLink| FlowLink {
            step: link.step,
            from: link.from.to_string(),
            from_kind: link.from_kind.into(),
            to: link.to.to_string(),
            to_kind: link.to_kind.into(),
            journeys: Long(link.journeys as i64),
        };
        Flow {
            journeys: Long(flow.journeys as i64),
            unknown_values: texts(&flow.unknown_values),
            columns: flow.columns.iter().map(column).collect(),
            links: flow.links.iter().map(link).collect(),
        }
    }
}
