//! Operations for the journey projection: everything once, in pages, and then what a run of changes touched.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::Result;
use crate::domain::order::OrderKey;
use crate::domain::{Arrival, CustomerId, IdentifierId};
use crate::journeys::property::Properties;
use crate::journeys::row::{HeldConsent, OrderNet, Row};

/// Touchpoints by their arrival: behind `after`, before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Behind this one.
    pub after: Arrival,
    /// Before this one.
    pub end: Arrival,
}

impl Window {
    /// What the changes behind `after`, up to `upto`, brought.
    pub fn of_changes(after: i64, upto: i64) -> Self {
        Window { after: Arrival(Arrival::new(after + 1, 0).0 - 1), end: Arrival::new(upto + 1, 0) }
    }
}

/// Takes touchpoints one by one; their texts last as long as the call.
pub type TouchpointSink = Arc<Mutex<dyn FnMut(&Row<'_>) + Send>>;

/// A page of decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsentPage {
    /// Identifiers in order of their ids, each with all that it holds; those that hold nothing are left out.
    pub held: Vec<(IdentifierId, Vec<HeldConsent>)>,
    /// Behind which the next page begins; `None` when there is none.
    pub next: Option<IdentifierId>,
}

/// What the journey projection reads.
///
/// Every scan is in pages by key, each a short read of its own. A scan that says how it stood `at` a change
/// is exact however much is written meanwhile; the others answer as of now, so that whoever reads on in
/// the change log from before the scan has all of it.
#[async_trait]
pub trait JourneySource: Send + Sync + 'static {
    /// Hands a page of touchpoints to `sink` in order of arrival, at most `limit`, or fewer where that suits
    /// the store. Answers the last of them, to go on behind it; `None` when the window has no more.
    async fn scan_touchpoints(
        &self,
        window: Window,
        limit: usize,
        dimensions: &Arc<Properties>,
        sink: &TouchpointSink,
    ) -> Result<Option<Arrival>>;

    /// Who held each identifier once the change `at` was done: a page behind `after`, in order of their ids.
    async fn scan_members(
        &self,
        at: i64,
        after: Option<IdentifierId>,
        limit: usize,
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>>;

    /// What orders that were placed come to: a page behind `after`, in an order of the store's own.
    async fn scan_orders(&self, after: Option<&OrderKey>, limit: usize) -> Result<Vec<OrderNet>>;

    /// The decisions that identifiers hold: a page behind `after`, of about `limit` decisions or identifiers.
    async fn scan_held_consents(&self, after: Option<IdentifierId>, limit: usize) -> Result<ConsentPage>;

    /// Who held these identifiers, and those that these customers held, once the change `at` was done. Each
    /// identifier once; one that was not known then is left out.
    async fn members_at(
        &self,
        at: i64,
        customers: &[CustomerId],
        identifiers: &[IdentifierId],
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>>;

    /// The decisions that each of these identifiers held once the change `at` was done.
    async fn held_consents_at(&self, at: i64, identifiers: &[IdentifierId]) -> Result<Vec<Vec<HeldConsent>>>;
}
