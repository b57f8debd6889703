//! Operations for the journey projection: scans of all data in pages, and the data of a run of changes.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::Result;
use crate::domain::order::OrderKey;
use crate::domain::{Arrival, CustomerId, IdentifierId};
use crate::journeys::property::Properties;
use crate::journeys::row::{HeldConsent, OrderNet, Row};

/// Touchpoints by their arrival: after `after`, before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Behind this one.
    pub after: Arrival,
    /// Before this one.
    pub end: Arrival,
}

impl Window {
    /// The touchpoints of the changes after `after`, up to `upto`.
    pub fn of_changes(after: i64, upto: i64) -> Self {
        Window { after: Arrival(Arrival::new(after + 1, 0).0 - 1), end: Arrival::new(upto + 1, 0) }
    }
}

/// Takes touchpoints one by one. Their texts are valid during the call only.
pub type TouchpointSink = Arc<Mutex<dyn FnMut(&Row<'_>) + Send>>;

/// A page of consents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsentPage {
    /// Identifiers in order of their ids, each with all its decisions. Identifiers without decisions are left out.
    pub held: Vec<(IdentifierId, Vec<HeldConsent>)>,
    /// The last identifier of this page; the next page begins after it. `None` when there is no next page.
    pub next: Option<IdentifierId>,
}

/// The reads of the journey projection.
///
/// Every scan has pages by key, and each page is a short read. A scan with a change `at` is exact, also when writers
/// write at the same time. The other scans answer as of now. A caller that then reads the change log from before the
/// scan misses nothing.
#[async_trait]
pub trait JourneySource: Send + Sync + 'static {
    /// Hands a page of touchpoints to `sink` in order of arrival: at most `limit`, and the store may choose fewer.
    /// Returns the last arrival, so that the next page begins after it; `None` when the window has no more.
    async fn scan_touchpoints(
        &self,
        window: Window,
        limit: usize,
        dimensions: &Arc<Properties>,
        sink: &TouchpointSink,
    ) -> Result<Option<Arrival>>;

    /// The customer of each identifier after the change `at`: a page after `after`, in order of the identifiers' ids.
    async fn scan_members(
        &self,
        at: i64,
        after: Option<IdentifierId>,
        limit: usize,
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>>;

    /// The amounts of placed orders: a page after `after`, in an order that the store chooses.
    async fn scan_orders(&self, after: Option<&OrderKey>, limit: usize) -> Result<Vec<OrderNet>>;

    /// The consents of identifiers: a page after `after`, of about `limit` consents or identifiers.
    async fn scan_held_consents(&self, after: Option<IdentifierId>, limit: usize) -> Result<ConsentPage>;

    /// The customers of these identifiers, and the identifiers of these customers, after the change `at`. Each
    /// identifier once; an identifier that did not exist then is left out.
    async fn members_at(
        &self,
        at: i64,
        customers: &[CustomerId],
        identifiers: &[IdentifierId],
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>>;

    /// The consents of each of these identifiers after the change `at`.
    async fn held_consents_at(&self, at: i64, identifiers: &[IdentifierId]) -> Result<Vec<Vec<HeldConsent>>>;
}
