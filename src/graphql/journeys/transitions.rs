//! The transitions from one touchpoint to the next.

use async_graphql::{Context, Error, SimpleObject};

use super::{ScopedView, size, wrong_answer};
use crate::graphql::scalar::Long;
use crate::journeys::{Answer, Question, transitions};

/// All pairs of consecutive touchpoints, with START before the first and END after the last of each journey. The counts
/// of the shown transitions and `other` add up to `total`.
#[derive(SimpleObject)]
pub struct TransitionGraph {
    /// The values at the ends of the shown transitions, the one with the most touchpoints first.
    nodes: Vec<JourneyNode>,
    /// The transitions, the most frequent first.
    links: Vec<JourneyLink>,
    /// The number of pairs. It equals the number of touchpoints plus the number of journeys.
    total: Long,
    /// The number of pairs of the transitions that are not shown.
    other: Long,
}

/// A value at one end of transitions.
#[derive(SimpleObject)]
pub struct JourneyNode {
    /// The value. START and END are the virtual first and last node of each journey.
    value: String,
    /// The number of touchpoints with this value. START and END have none.
    touchpoints: Long,
    /// The number of journeys with this value.
    journeys: Long,
}

/// A transition from one value to the next. When a value repeats, the transition leads from a node to itself.
#[derive(SimpleObject)]
pub struct JourneyLink {
    /// The value before.
    from: String,
    /// The value after.
    to: String,
    /// The number of pairs.
    count: Long,
    /// The number of journeys with this transition.
    journeys: Long,
    /// The share of all pairs.
    share: f64,
    /// The share of the pairs that start at `from`.
    share_of_from: f64,
    /// The median time between the two touchpoints in seconds. Null for START and END.
    median_seconds: Option<f64>,
}

pub(super) async fn fetch(ctx: &Context<'_>, scoped: &ScopedView, top: i32) -> Result<TransitionGraph, Error> {
    let medians = ctx.look_ahead().field("links").field("medianSeconds").exists();
    match &*scoped.answer(&Question::Transitions { top: size("top", top)?, medians }).await? {
        Answer::Transitions(graph) => Ok(TransitionGraph::of(graph)),
        _ => Err(wrong_answer()),
    }
}

impl TransitionGraph {
    fn of(graph: &transitions::TransitionGraph) -> Self {
        let node = |node: &transitions::JourneyNode| JourneyNode {
            value: node.value.to_string(),
            touchpoints: Long(node.touchpoints as i64),
            journeys: Long(node.journeys as i64),
        };
        let link = |link: &transitions::JourneyLink| JourneyLink {
            from: link.from.to_string(),
            to: link.to.to_string(),
            count: Long(link.count as i64),
            journeys: Long(link.journeys as i64),
            share: link.share,
            share_of_from: link.share_of_from,
            median_seconds: link.median_seconds,
        };
        TransitionGraph {
            nodes: graph.nodes.iter().map(node).collect(),
            links: graph.links.iter().map(link).collect(),
            total: Long(graph.total as i64),
            other: Long(graph.other as i64),
        }
    }
}
