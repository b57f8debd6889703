//! The comparison of two scopes.

use async_graphql::{Context, Error, SimpleObject};

use super::population::Population;
use super::scope::{EncodedScope, JourneyScope};
use super::{ScopedView, size, wrong_answer};
use crate::journeys::{Answer, Question, compare};

/// The comparison of two scopes: `a` is the scope of `journeys`, `b` the one of the argument `with`.
#[derive(SimpleObject)]
pub struct JourneyComparison {
    /// The size of the first scope.
    a: Population,
    /// The size of the second scope.
    b: Population,
    /// Transitions of either scope, the largest difference first.
    links: Vec<LinkDifference>,
}

/// The shares of a transition in both scopes.
#[derive(SimpleObject)]
pub struct LinkDifference {
    /// The value before.
    from: String,
    /// The value after.
    to: String,
    /// The transition's share of all transitions of the first scope. 0 when it does not occur there.
    share_a: f64,
    /// The transition's share of all transitions of the second scope. 0 when it does not occur there.
    share_b: f64,
    /// `shareA - shareB`.
    difference: f64,
}

pub(super) async fn fetch(
    ctx: &Context<'_>,
    scoped: &ScopedView,
    with: JourneyScope,
    top: i32,
) -> Result<JourneyComparison, Error> {
    let with = EncodedScope::from(with).or_as(&scoped.encoded).read("with", ctx).await?;
    let answer = scoped.answer(&Question::Compare { with, top: size("top", top)? }).await?;
    let Answer::Compare(comparison) = &*answer else { return Err(wrong_answer()) };
    let link = |link: &compare::LinkDifference| LinkDifference {
        from: link.from.to_string(),
        to: link.to.to_string(),
        share_a: link.share_a,
        share_b: link.share_b,
        difference: link.difference,
    };
    Ok(JourneyComparison {
        a: Population::of(scoped, &comparison.a),
        b: Population::of(scoped, &comparison.b),
        links: comparison.links.iter().map(link).collect(),
    })
}
