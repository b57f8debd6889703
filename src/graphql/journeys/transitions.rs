//! How journeys go on from one touchpoint to the next.

use async_graphql::{Context, Error, SimpleObject};

use super::{Asked, astray, size};
use crate::graphql::scalar::Long;
use crate::journeys::{Answer, Question, transitions};

/// All adjacent pairs of touchpoints, START before the first and END behind the last. The counts of the
/// links and `other` sum to `total`.
#[derive(SimpleObject)]
pub struct TransitionGraph {
    /// The ends of the links shown, the most touchpoints first.
    nodes: Vec<JourneyNode>,
    /// The most frequent first.
    links: Vec<JourneyLink>,
    /// All pairs: touchpoints and journeys.
    total: Long,
    /// Pairs of links that are not shown.
    other: Long,
}

/// A value that links lead to or from.
#[derive(SimpleObject)]
pub struct JourneyNode {
    /// The value; START and END are the virtual first and last node of each journey.
    value: String,
    /// Touchpoints that have it; START and END have none.
    touchpoints: Long,
    /// Journeys that have it.
    journeys: Long,
}

/// From one value to the next. A repeat is a link from a node to itself.
#[derive(SimpleObject)]
pub struct JourneyLink {
    /// The value before.
    from: String,
    /// The value after.
    to: String,
    /// How often.
    count: Long,
    /// In how many journeys.
    journeys: Long,
    /// Of all links.
    share: f64,
    /// Of the links that leave `from`.
    share_of_from: f64,
    /// The median time between the two; null from START and to END.
    median_seconds: Option<f64>,
}

pub(super) async fn fetch(ctx: &Context<'_>, asked: &Asked, top: i32) -> Result<TransitionGraph, Error> {
    let medians = ctx.look_ahead().field("links").field("medianSeconds").exists();
    match &*asked.answer(&Question::Transitions { top: size("top", top)?, medians }).await? {
        Answer::Transitions(graph) => Ok(TransitionGraph::of(graph)),
        _ => Err(astray()),
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
