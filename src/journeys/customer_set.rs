//! The customers behind a figure.

use super::projection::Projection;
use crate::domain::CustomerId;

/// Distinct customers in the order of their ids. A caller reads it page by page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerSet {
    customers: Vec<CustomerId>,
}

/// The kind of customers of a funnel's step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepProgress {
    /// Customers with a journey that reached the step.
    Reached,
    /// Customers with a journey that reached the step before, but not this one.
    Dropped,
}

impl CustomerSet {
    pub(crate) fn of(projection: &Projection, numbers: impl Iterator<Item = u32>) -> Self {
        let mut customers: Vec<_> = numbers.map(|number| projection.customer(number)).collect();
        customers.sort_unstable();
        customers.dedup();
        CustomerSet { customers }
    }

    /// All of them.
    pub fn all(&self) -> &[CustomerId] {
        &self.customers
    }

    /// At most `first` customers after `after`, and whether there are more. `after` need not be in the set any more.
    pub fn page(&self, after: Option<&CustomerId>, first: usize) -> (&[CustomerId], bool) {
        let begin = after.map_or(0, |after| self.customers.partition_point(|customer| customer <= after));
        let rest = &self.customers[begin..];
        (&rest[..first.min(rest.len())], rest.len() > first)
    }
}
