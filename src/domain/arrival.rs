//! Where in the one order of arrivals something stands.

use serde::{Deserialize, Serialize};

/// The change number of a batch and the place within it, packed into one integer so that both
/// stores can index and compare it: `seq << 20 | index`.
///
/// Arrivals follow commit order; they break ties between things of the same time, and they name
/// what is created in a batch (identifiers, claims, evidence).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arrival(pub i64);

impl Arrival {
    /// How many things of one sort a batch can hold.
    pub const PER_BATCH: u32 = 1 << 20;

    /// The `index`-th thing of batch `seq`.
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
