//! How much a scope holds, and what stays outside of it.

use super::projection::Projection;
use super::run::{Fault, Run};
use super::scope::Scope;
use super::walk::Asked;

/// How much a scope holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// Customers with a journey.
    pub customers: u64,
    /// Journeys.
    pub journeys: u64,
    /// Their touchpoints.
    pub touchpoints: u64,
    /// Touchpoints in time, include and exclude that belong to nobody.
    pub unowned: u64,
    /// Touchpoints in time, include and exclude of those whom the purpose hides.
    pub hidden_by_consent: u64,
}

/// Counts.
///
/// # Errors
/// That the scope cannot be, that it was cancelled or took too long.
pub fn population(projection: &Projection, scope: &Scope, run: &Run) -> Result<Population, Fault> {
    let asked = Asked::new(projection, scope)?;
    // What a thread counted, and the customer it saw last.
    let new = || (Population::default(), None);
    let states = asked.walk(run, new, |(sum, last), journey| {
        sum.customers += u64::from(*last != Some(journey.customer));
        *last = Some(journey.customer);
        sum.journeys += 1;
        sum.touchpoints += journey.kind.len() as u64;
    })?;
    let mut sum = Population { unowned: asked.unowned(), ..Population::default() };
    for (part, _) in states {
        sum.customers += part.customers;
        sum.journeys += part.journeys;
        sum.touchpoints += part.touchpoints;
    }
    if let Some(hidden) = Asked::hidden(projection, scope)? {
        let states = hidden.walk(run, || 0, |sum, journey| *sum += journey.kind.len() as u64)?;
        sum.hidden_by_consent = states.into_iter().sum();
    }
    Ok(sum)
}
