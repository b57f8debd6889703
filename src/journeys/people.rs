//! The customers behind a figure.

use super::projection::Projection;
use crate::domain::CustomerId;

/// Distinct customers in the order of their ids, to page through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    customers: Vec<CustomerId>,
}

/// Which of the people of a funnel's step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Those with a journey that reached it.
    Reached,
    /// Those with one that reached the step before, and not it.
    Dropped,
}

impl People {
    pub(crate) fn of(projection: &Projection, numbers: impl Iterator<Item = u32>) -> Self {
        let mut customers: Vec<_> = numbers.map(|number| projection.customer(number)).collect();
        customers.sort_unstable();
        customers.dedup();
        People { customers }
    }

    /// All of them.
    pub fn all(&self) -> &[CustomerId] {
        &self.customers
    }

    /// At most `first` of them behind `after`, which may be gone meanwhile; and whether there are more.
    pub fn page(&self, after: Option<&CustomerId>, first: usize) -> (&[CustomerId], bool) {
        let begin = after.map_or(0, |after| self.customers.partition_point(|customer| customer <= after));
        let rest = &self.customers[begin..];
        (&rest[..first.min(rest.len())], rest.len() > first)
    }
}
