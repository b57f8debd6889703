//! Compares two scopes: each transition's share in both.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::population::{Population, population};
use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scan::JourneyScan;
use super::scope::Scope;
use super::transitions::count;
use super::values::share;

/// A comparison of two scopes.
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyComparison {
    /// The size of the first scope.
    pub a: Population,
    /// The size of the other scope.
    pub b: Population,
    /// The transitions of both, largest difference first.
    pub links: Vec<LinkDifference>,
}

/// A transition's share in both scopes.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkDifference {
    /// The first value.
    pub from: Arc<str>,
    /// The next value.
    pub to: Arc<str>,
    /// Its share of all transitions in the first scope.
    pub share_a: f64,
    /// Its share of all transitions in the other scope.
    pub share_b: f64,
    /// `share_a` less `share_b`.
    pub difference: f64,
}

/// # Errors
/// A scope is invalid; the run was cancelled or too slow.
pub fn compare(
    projection: &Projection,
    a: &Scope,
    b: &Scope,
    top: usize,
    run: &Run,
) -> Result<JourneyComparison, JourneyError> {
    let mut shares: FxHashMap<(Arc<str>, Arc<str>), [f64; 2]> = FxHashMap::default();
    for (side, scope) in [a, b].into_iter().enumerate() {
        let scan = JourneyScan::new(projection, scope)
            .map_err(|fault| if side == 1 { of_other_scope(fault) } else { fault })?;
        let counted = count(&scan, scope, false, run)?;
        for pair in &counted.pairs {
            let own = shares.entry((counted.shown(pair.from), counted.shown(pair.to))).or_default();
            own[side] = share(pair.count, counted.total);
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

/// The other scope's error; its argument becomes `with`, not `scope`.
fn of_other_scope(fault: JourneyError) -> JourneyError {
    match fault {
        JourneyError::BadArgument { argument, message, hint } => {
            JourneyError::BadArgument { argument: argument.replacen("scope", "with", 1), message, hint }
        }
        other => other,
    }
}
