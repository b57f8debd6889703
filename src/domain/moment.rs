//! A moment of the past.

use super::{Arrival, Timestamp};

/// A moment, as what was stored then: all that was committed up to a change, and nothing after it.
///
/// The number and not the time decides what is seen, so that what a moment answers can never change:
/// a change that was on its way at that time has a higher number, whatever its clock said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment {
    /// The last change that was committed by then.
    pub change: i64,
    /// The time that was asked for: at which a consent had run out or not.
    pub at: Timestamp,
}

impl Moment {
    /// Whether what has this arrival was stored by then.
    pub fn has(self, arrival: Arrival) -> bool {
        arrival.seq() <= self.change
    }

    /// The first arrival that was not stored by then.
    pub fn end(self) -> Arrival {
        Arrival::new(self.change + 1, 0)
    }
}
