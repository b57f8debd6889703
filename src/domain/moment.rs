//! A moment of the past.

use super::{Arrival, Timestamp};

/// A moment: the data that was committed up to a change, and nothing after it.
///
/// The change number decides which data is seen, not the time. So the answers of a moment never change: a change that
/// was not committed yet at that time has a higher number, with any clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment {
    /// The last change that was committed by then.
    pub change: i64,
    /// The requested time. It decides whether a consent had expired.
    pub at: Timestamp,
}

impl Moment {
    /// Whether the row with this arrival was stored by then.
    pub fn has(self, arrival: Arrival) -> bool {
        arrival.seq() <= self.change
    }

    /// The first arrival that was not stored by then.
    pub fn end(self) -> Arrival {
        Arrival::new(self.change + 1, 0)
    }
}
