//! Where journeys come from and go to around an anchor.

use async_graphql::{Enum, Error, SimpleObject};

use super::{Asked, astray, size, texts};
use crate::graphql::scalar::Long;
use crate::journeys::{Answer, Question, Step, flow};

/// Columns of values around an anchor, and the links between them.
#[derive(SimpleObject)]
pub struct Flow {
    /// Journeys that have an anchor.
    journeys: Long,
    /// Values of the anchor that no touchpoint of the store has: misspelled, most likely.
    unknown_values: Vec<String>,
    /// From the first step before the anchor to the last one after it.
    columns: Vec<FlowColumn>,
    /// By step, then the most frequent first. Those that leave a column sum to `journeys`.
    links: Vec<FlowLink>,
}

/// What stands at one step.
#[derive(SimpleObject)]
pub struct FlowColumn {
    /// How far from the anchor: 0 at it, negative before.
    step: i32,
    /// The most frequent first; they sum to `total`.
    entries: Vec<FlowEntry>,
    /// All journeys that have an anchor.
    total: Long,
}

/// A value at a step, or what stands there instead.
#[derive(SimpleObject)]
pub struct FlowEntry {
    /// The value; OTHER, ENDED or NOT_BEGUN when it is none, as `kind` tells.
    value: String,
    /// Whether it is a value.
    kind: FlowEntryKind,
    /// How many journeys.
    journeys: Long,
    /// Of those that have an anchor.
    share: f64,
}

/// What an entry is.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "flow::FlowEntryKind")]
pub enum FlowEntryKind {
    /// A value.
    Value,
    /// All values of the column that are not shown.
    Other,
    /// The journey was over.
    Ended,
    /// The journey had not begun.
    NotBegun,
}

/// From an entry of one column to one of the next.
#[derive(SimpleObject)]
pub struct FlowLink {
    /// The column it leaves.
    step: i32,
    /// The entry it leaves.
    from: String,
    /// What that is.
    from_kind: FlowEntryKind,
    /// The entry it goes to.
    to: String,
    /// What that is.
    to_kind: FlowEntryKind,
    /// How many journeys.
    journeys: Long,
}

pub(super) async fn fetch(asked: &Asked, anchor: Step, [before, after, top]: [(&str, i32); 3]) -> Result<Flow, Error> {
    let size = |(argument, number): (&str, i32)| size(argument, number);
    let question = Question::Flow { anchor, before: size(before)?, after: size(after)?, top: size(top)? };
    match &*asked.answer(&question).await? {
        Answer::Flow(flow) => Ok(Flow::of(flow)),
        _ => Err(astray()),
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
