//! How many customers, journeys and touchpoints a scope has, and how many touchpoints stay outside of it.

use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scan::JourneyScan;
use super::scope::Scope;

/// The size of a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// The number of customers with a journey.
    pub customers: u64,
    /// The number of journeys.
    pub journeys: u64,
    /// The number of their touchpoints.
    pub touchpoints: u64,
    /// Touchpoints without a customer that match `since`, `until`, `include` and `exclude`.
    pub unowned: u64,
    /// Touchpoints that a purpose hides and that match the same conditions.
    pub hidden_by_consent: u64,
}

/// The size of a scope.
///
/// # Errors
/// The scope is invalid; the run was cancelled or too slow.
pub fn population(projection: &Projection, scope: &Scope, run: &Run) -> Result<Population, JourneyError> {
    let scan = JourneyScan::new(projection, scope)?;
    // The counts of a thread, and its last customer.
    let new = || (Population::default(), None);
    let states = scan.for_each_journey(run, new, |(sum, last), journey| {
        sum.customers += u64::from(*last != Some(journey.customer));
        *last = Some(journey.customer);
        sum.journeys += 1;
        sum.touchpoints += journey.kind.len() as u64;
    })?;
    let mut sum = Population { unowned: scan.unowned(), ..Population::default() };
    for (part, _) in states {
        sum.customers += part.customers;
        sum.journeys += part.journeys;
        sum.touchpoints += part.touchpoints;
    }
    if let Some(hidden) = JourneyScan::hidden(projection, scope)? {
        let states = hidden.for_each_journey(run, || 0, |sum, journey| *sum += journey.kind.len() as u64)?;
        sum.hidden_by_consent = states.into_iter().sum();
    }
    Ok(sum)
}
