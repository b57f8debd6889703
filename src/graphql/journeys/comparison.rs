//! Two scopes side by side.

use async_graphql::{Context, Error, SimpleObject};

use super::population::Population;
use super::scope::{JourneyScope, WrittenScope};
use super::{Asked, astray, size};
use crate::journeys::{Answer, Question, compare};

/// Two scopes side by side: `a` is the one that was compared, `b` the one it was compared with.
#[derive(SimpleObject)]
pub struct JourneyComparison {
    /// How much the first holds.
    a: Population,
    /// How much the other holds.
    b: Population,
    /// Links of either, those that differ most first.
    links: Vec<LinkDifference>,
}

/// A link's share of all links on both sides.
#[derive(SimpleObject)]
pub struct LinkDifference {
    /// The value before.
    from: String,
    /// The value after.
    to: String,
    /// Of the first scope's links; 0 when it has none such.
    share_a: f64,
    /// Of the other's.
    share_b: f64,
    /// `shareA - shareB`.
    difference: f64,
}

pub(super) async fn fetch(
    ctx: &Context<'_>,
    asked: &Asked,
    with: JourneyScope,
    top: i32,
) -> Result<JourneyComparison, Error> {
    let with = WrittenScope::from(with).or_as(&asked.written).read("with", ctx)?;
    let answer = asked.answer(&Question::Compare { with, top: size("top", top)? }).await?;
    let Answer::Compare(comparison) = &*answer else { return Err(astray()) };
    let link = |link: &compare::LinkDifference| LinkDifference {
        from: link.from.to_string(),
        to: link.to.to_string(),
        share_a: link.share_a,
        share_b: link.share_b,
        difference: link.difference,
    };
    Ok(JourneyComparison {
        a: Population::of(asked, &comparison.a),
        b: Population::of(asked, &comparison.b),
        links: comparison.links.iter().map(link).collect(),
    })
}
