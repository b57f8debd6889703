//! Operations about what shared devices did: whose visits are, and what that moved.

use async_trait::async_trait;

use super::Result;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// A range that was assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitsAssigned {
    /// The change number after it; that of the last change when no owner changed.
    pub change: i64,
    /// How many touchpoints changed their owner.
    pub moved: usize,
    /// How many were read.
    pub read: usize,
}

/// A touchpoint that changed its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerMove {
    /// Which: its place in the order of arrivals.
    pub touchpoint: Arrival,
    /// When it happened.
    pub at: Timestamp,
    /// Who owned it before.
    pub from: IdentifierId,
    /// Who owned it after.
    pub to: IdentifierId,
}

/// What can be done and asked about visits on shared devices.
///
/// Whoever writes notes what is to be assigned, in the same transaction: around what shared devices did, all of
/// a device that turns out to be shared or no longer is, and wherever somebody was signed in who has another
/// customer now. It is assigned piece by piece, each in a transaction of its own; who is killed between two goes
/// on where it was, and several servers may do it at once.
#[async_trait]
pub trait Visits: Send + Sync + 'static {
    /// Assigns one piece of about `most` touchpoints of what is noted, of one of the devices when some are
    /// given. `None` when nothing is.
    async fn assign_visits(
        &self,
        rules: &IdentityRules,
        devices: &[IdentifierId],
        most: usize,
        at: Timestamp,
    ) -> Result<Option<VisitsAssigned>>;

    /// Every change of an owner behind the change `after`, up to `upto`, in the order in which they were made:
    /// followers of the log ask for it, since no entry tells it.
    async fn owner_moves(&self, after: i64, upto: i64) -> Result<Vec<OwnerMove>>;
}
