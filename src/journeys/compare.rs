//! Two scopes side by side: which links one has more of.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::population::{Population, population};
use super::projection::Projection;
use super::run::{Fault, Run};
use super::scope::Scope;
use super::transitions::count;
use super::values::share;
use super::walk::Asked;

/// Two scopes side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyComparison {
    /// What the first holds.
    pub a: Population,
    /// What the other holds.
    pub b: Population,
    /// Links of either, by how much they differ.
    pub links: Vec<LinkDifference>,
}

/// A link's share of all links on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkDifference {
    /// The value before.
    pub from: Arc<str>,
    /// The value after.
    pub to: Arc<str>,
    /// Of the first scope's.
    pub share_a: f64,
    /// Of the other's.
    pub share_b: f64,
    /// What the first has more.
    pub difference: f64,
}

/// # Errors
/// That a scope cannot be, that it was cancelled or took too long.
pub fn compare(
    projection: &Projection,
    a: &Scope,
    b: &Scope,
    top: usize,
    run: &Run,
) -> Result<JourneyComparison, Fault> {
    let mut shares: FxHashMap<(Arc<str>, Arc<str>), [f64; 2]> = FxHashMap::default();
    for (side, scope) in [a, b].into_iter().enumerate() {
        let asked =
            Asked::new(projection, scope).map_err(|fault| if side == 1 { of_the_other(fault) } else { fault })?;
        let counted = count(&asked, scope, false, run)?;
        for (from, to, count, _) in &counted.pairs {
            let own = shares.entry((counted.shown(*from), counted.shown(*to))).or_default();
            own[side] = share(*count, counted.total);
        }
    }
    let mut links: Vec<_> = shares
        .into_iter()
        .map(|((from, to), [share_a, share_b])| LinkDifference {
            from,
            to,
            share_a,
            share_b,
            difference: share_a - share_b,
        })
        .collect();
    links.sort_by(|a, b| {
        let larger = b.difference.abs().total_cmp(&a.difference.abs());
        larger.then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to)))
    });
    links.truncate(top);
    Ok(JourneyComparison { a: population(projection, a, run)?, b: population(projection, b, run)?, links })
}

/// What is wrong with the other scope, told of the argument that gave it.
fn of_the_other(fault: Fault) -> Fault {
    match fault {
        Fault::BadArgument { argument, message, hint } => {
            Fault::BadArgument { argument: argument.replacen("scope", "with", 1), message, hint }
        }
        other => other,
    }
}
