//! Operations about visits on shared devices: assigning visits to customers, and the moves of touchpoints.

use async_trait::async_trait;

use super::Result;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// A range that was assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitsAssigned {
    /// The change number of the assignment. When no owner changed, the number of the last change.
    pub change: i64,
    /// The number of touchpoints that changed their owner.
    pub moved: usize,
    /// The number of touchpoints that were read.
    pub read: usize,
}

/// A touchpoint that changed its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerMove {
    /// The arrival of the touchpoint.
    pub touchpoint: Arrival,
    /// When it happened.
    pub at: Timestamp,
    /// The owner before.
    pub from: IdentifierId,
    /// The owner after.
    pub to: IdentifierId,
}

/// The operations about visits on shared devices.
///
/// Each write records, in its transaction, the ranges of time to assign: around new touchpoints of shared devices; all
/// of a device that becomes shared or is no longer shared; and where a signed-in identifier now has another customer.
/// Ranges are assigned piece by piece, each in its own transaction. A server that was killed continues at the next
/// piece, and several servers may assign at the same time.
#[async_trait]
pub trait Visits: Send + Sync + 'static {
    /// Assigns one piece of about `most` touchpoints of the recorded ranges; only of `devices`, when some are given.
    /// `None` when no range is recorded.
    async fn assign_visits(
        &self,
        rules: &IdentityRules,
        devices: &[IdentifierId],
        most: usize,
        at: Timestamp,
    ) -> Result<Option<VisitsAssigned>>;

    /// Every change of an owner after the change `after`, up to `upto`, in the order of these changes. Followers of the
    /// log need this, since the log has no entry for it.
    async fn owner_moves(&self, after: i64, upto: i64) -> Result<Vec<OwnerMove>>;
}
