//! A position in the one order of arrivals.

use serde::{Deserialize, Serialize};

/// The change number of a batch and the place within it, packed into one integer so that both
/// stores can index and compare it: `seq << 20 | index`.
///
/// Arrivals follow the order of commits. They break ties of equal times, and they are the ids of rows that a batch
/// creates (identifiers, claims, evidence).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arrival(pub i64);

impl Arrival {
    /// How many rows of one kind a batch can have.
    pub const PER_BATCH: u32 = 1 << 20;

    /// The `index`-th row of batch `seq`.
    pub fn new(seq: i64, index: u32) -> Self {
        debug_assert!(index < Self::PER_BATCH);
        Arrival(seq << 20 | i64::from(index))
    }

    /// The change number of the batch.
    pub fn seq(self) -> i64 {
        self.0 >> 20
    }

    /// The place within the batch.
    pub fn index(self) -> u32 {
        (self.0 & i64::from(Self::PER_BATCH - 1)) as u32
    }
}
