//! Operations for exports: scans of whole rows, as they were after a change.

use async_trait::async_trait;

use super::Result;
use crate::domain::customer::CustomerId;
use crate::domain::identifier::IdentifierKey;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Moment};

/// An identifier as a row of another noun names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Kind and value.
    pub key: IdentifierKey,
    /// Its customer, if any.
    pub customer: Option<CustomerId>,
}

/// The reads of exports. Each page is a short read, and exact: what was committed after the change `at` is not in it,
/// also when writers write at the same time.
#[async_trait]
pub trait ExportSource: Send + Sync + 'static {
    /// Every customer id that was issued up to the change `at`, also of customers that were merged away: a page after
    /// `after`, in order of the ids.
    async fn scan_customer_ids(&self, at: i64, after: Option<&CustomerId>, limit: usize) -> Result<Vec<CustomerId>>;

    /// Touchpoints of a moment, each with its owner then: a page after `after`, in order of arrival.
    async fn scan_history(&self, at: Moment, after: Option<Arrival>, limit: usize) -> Result<Vec<Touchpoint>>;

    /// The key and the customer of each identifier at a moment. `None` for an identifier that did not exist then.
    async fn holdings_at(&self, at: Moment, ids: &[IdentifierId]) -> Result<Vec<Option<Holding>>>;
}
