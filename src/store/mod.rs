//! The trait [`Store`]: the operations of a store, in terms of the domain. [`sqlite`] and [`neo4j`] implement it.
//!
//! Every operation is batched: answers are in the order of the keys, with `None` where nothing is found. A driver's
//! type never leaves its store. `tests/store_contract` states the meaning of each operation, and runs on both stores.
//!
//! To add an operation: `CONTRIBUTING.md` has the list.

pub mod access_keys;
mod amounts;
mod as_of;
mod campaigns;
pub mod counter;
pub mod erasures;
pub mod error;
pub mod exports;
pub mod journeys;
pub mod neo4j;
pub mod open;
pub(crate) mod prepared;
pub mod query;
pub mod recount;
pub mod rules;
mod run;
pub mod segment_memberships;
pub mod segments;
pub mod share;
pub mod sqlite;
pub mod statements;
mod view_cache;
pub mod visits;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::domain::change::{ChangePlace, ChangeRun, IdentityEvent};
use crate::domain::consent::Consent;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::device::Device;
use crate::domain::health::Health;
use crate::domain::identifier::Identifier;
use crate::domain::link::{Link, LinkExplanation};
use crate::domain::order::{Order, OrderKey};
use crate::domain::page::Page;
use crate::domain::product::{Product, ProductActed};
use crate::domain::rules::IdentityRules;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, IdentifierKey, Moment, Timestamp};
use crate::stitching::visits::Seen;
use crate::stitching::{Batch, DecisionOutcome, DecisionRequest, Outcome};

pub use error::{Result, StoreError};
use query::*;

/// A batch that was committed.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The change number of the batch. When the batch changed nothing, the number of the last change.
    pub change: i64,
    /// One per fact, in order.
    pub outcomes: Vec<Outcome>,
    /// Shared devices whose visits are to be assigned now; see [`visits`].
    pub devices: Vec<IdentifierId>,
}

/// The result of a decision request.
#[derive(Clone, Debug)]
pub struct AppliedDecision {
    /// The change number of the decision. When nothing changed, the number of the last change.
    pub change: i64,
    /// The outcome.
    pub outcome: DecisionOutcome,
    /// Shared devices whose visits are to be assigned now; see [`visits`].
    pub devices: Vec<IdentifierId>,
}

/// Figures of the whole store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStatus {
    /// Customers that were not merged away.
    pub customers: i64,
    /// Touchpoints.
    pub touchpoints: i64,
    /// The number of the last change; never later than the other figures of the same read.
    pub change: i64,
    /// When that change was committed.
    pub changed_at: Timestamp,
}

/// The reads about customers: now ([`Store`]), or as of a moment ([`Store::as_of`]).
#[async_trait]
pub trait Reads: Send + Sync + 'static {
    /// Customers, each as one consistent read. An `Err(AmbiguousOrder)` concerns its own key only.
    async fn customers(
        &self,
        keys: &[CustomerKey],
        shape: Shape,
        pages: FirstPages,
    ) -> Result<Vec<Result<Option<Arc<CustomerView>>>>>;

    /// Identifiers, each with its customer.
    async fn identifiers(&self, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>>;

    /// A device's own inbound touchpoints, and those of signed-in people on it, from `since` on: the latest `limit`, in
    /// order of time.
    async fn list_seen(&self, device: IdentifierId, since: Timestamp, limit: usize) -> Result<Vec<Seen>>;

    /// Touchpoints by message id. `None` for a message that is not a touchpoint.
    async fn touchpoints(&self, message_ids: &[Arc<str>]) -> Result<Vec<Option<Touchpoint>>>;

    /// A page of touchpoints of each.
    async fn list_touchpoints(&self, of: &[Of], page: &TouchpointPage) -> Result<Vec<Page<Touchpoint>>>;

    /// The number of matching touchpoints of each.
    async fn count_touchpoints(&self, of: &[Of], filter: &TouchpointFilter) -> Result<Vec<i64>>;

    /// The number of touchpoints of each by channel, in buckets of equal width.
    async fn count_touchpoints_in_buckets(&self, of: &[Of], window: Buckets) -> Result<Vec<BucketCounts>>;

    /// Placed orders, with the names of their products.
    async fn orders(&self, keys: &[OrderKey]) -> Result<Vec<Option<Order>>>;

    /// A page of orders of each, newest first, with the names of their products.
    async fn list_orders(&self, of: &[Of], page: &OrderPage) -> Result<Vec<Page<Order>>>;

    /// The number of orders of each that were placed in the range.
    async fn count_orders(&self, of: &[Of], since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Vec<i64>>;

    /// Devices by key, each with all its identifiers (at most 1,000, oldest first).
    async fn devices(&self, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>>;

    /// Every device of each owner (at most 1,000), last seen first; `identifiers` has the identifiers of this owner
    /// only.
    async fn list_devices(&self, of: &[Of]) -> Result<Vec<Vec<Device>>>;

    /// A page of links of each. Links of a customer have one end or both ends in it; each link is listed once.
    async fn list_links(&self, of: &[Of], page: &LinkPage) -> Result<Vec<Page<Link>>>;

    /// The number of links of each.
    async fn count_links(&self, of: &[Of], refused: Option<bool>) -> Result<Vec<i64>>;

    /// Links by name. In a view of the present, two identifiers that only a person merged have a link made from the
    /// person's decision. Views of the past have links of events only.
    async fn links(&self, keys: &[LinkKey]) -> Result<Vec<Option<Link>>>;

    /// Products by sku.
    async fn products(&self, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>>;

    /// Every product act of each customer, in order of time, and every order it placed. Wish list, cart, likes, bought
    /// and returned products are computed from these.
    async fn product_acts(&self, customers: &[CustomerId]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>>;

    /// A page of the identity history of each customer and of the customers merged into it, oldest first.
    async fn list_identity_events(
        &self,
        customers: &[CustomerId],
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Vec<Page<IdentityEvent>>>;

    /// The length of that history.
    async fn count_identity_events(&self, customers: &[CustomerId]) -> Result<Vec<i64>>;

    /// Lines of identity histories by name.
    async fn identity_events(&self, arrivals: &[Arrival]) -> Result<Vec<Option<IdentityEvent>>>;

    /// For each identifier, the identifiers that a person decided to keep apart from it: oldest first, at most 100,
    /// without those that a person merged it with later.
    async fn kept_apart(&self, ids: &[IdentifierId]) -> Result<Vec<Vec<IdentifierId>>>;
}

/// A store of the graph of customers. It does not know GraphQL or HTTP.
#[async_trait]
pub trait Store:
    Reads
    + access_keys::AccessKeys
    + rules::Rulebook
    + journeys::JourneySource
    + visits::Visits
    + segments::Segments
    + segment_memberships::SegmentMemberships
    + exports::ExportSource
    + erasures::Erasures
{
    /// `sqlite` or `neo4j`.
    fn name(&self) -> &'static str;

    /// The best batch size for the import of a long file, in facts.
    fn batch_size(&self) -> usize {
        1_000
    }

    /// The number of reads of one request that run at the same time; see [`share`].
    fn share(&self) -> usize {
        2
    }

    /// Creates constraints and indexes. It is safe to call this again, and by several servers at the same time. After
    /// an error that [is transient](StoreError::is_transient), call it again.
    async fn set_up(&self) -> Result<()>;

    /// Waits until [`set_up`](Self::set_up) has succeeded in this process. Each background task calls this first.
    async fn until_set_up(&self);

    /// Whether the store answers now.
    async fn ping(&self) -> Result<()>;

    /// What is wrong with the data, as far as the store itself can find out. The texts contain no stored values.
    /// `thorough` takes much longer. It also works before a set-up.
    async fn examine(&self, _thorough: bool) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Closes the store: it finishes the running operations and accepts no others.
    async fn close(&self) {}

    /// Whether it accepts writes, as far as is known. It does nothing until a write has failed or the disk is nearly
    /// full. Then it tries a small write, which changes nothing.
    ///
    /// # Errors
    /// [`Full`](StoreError::Full), [`ReadOnly`](StoreError::ReadOnly), or why the write could not be tried.
    async fn check_writes(&self) -> Result<()>;

    /// Plans the batch from the stored rows, under locks, and writes the plan in one transaction: all of it or nothing.
    /// After the answer the batch survives a kill of the process. `at` is the server's clock.
    ///
    /// Transient faults are retried inside, with a limit. `Refused` means that the store does not accept some fact of
    /// the batch.
    async fn apply(&self, rules: &IdentityRules, batch: &Batch, at: Timestamp) -> Result<Applied>;

    /// Plans a person's decision request as [`apply`](Self::apply) plans a batch, and writes it in a change of its own.
    /// With `trial` it returns the outcome and writes nothing. Problems of the request itself are in the answer, and
    /// then nothing is written either.
    async fn decide(
        &self,
        rules: &IdentityRules,
        ruling: &DecisionRequest,
        at: Timestamp,
        trial: bool,
    ) -> Result<AppliedDecision>;

    /// The moment of a time: the last change that was committed by then and is completely visible. `None` without such
    /// a change.
    async fn moment(&self, at: Timestamp) -> Result<Option<Moment>>;

    /// The same reads as of a moment. Their answers never change, except for erased customers.
    fn as_of(&self, moment: Moment) -> Arc<dyn Reads>;

    /// Ids of customers with their places in the list, in the order of the list.
    async fn list_customers(&self, list: &CustomerList) -> Result<Page<(CustomerId, CustomerSortKey)>>;

    /// The number of matching customers.
    async fn count_customers(&self, filter: &CustomerFilter) -> Result<i64>;

    /// The changes after `after`, as an unbroken run: at most `limit` changes, and at least one when there is any. The
    /// run ends before a commit that is not completely visible, so a later read finds everything that a change names.
    /// `after` must be a place that exists.
    async fn changes(&self, after: ChangePlace, limit: usize) -> Result<ChangeRun>;

    /// Counts the commits of this process, so that readers of the change log need not poll for these. They find commits
    /// of other processes by polling.
    fn commits(&self) -> watch::Receiver<u64>;

    /// The customers that an id stood for after the change `seq`: the id itself, then each customer it was merged into.
    /// The last is the one that the id stood for. Empty when no customer ever had this id.
    async fn became(&self, id: &CustomerId, seq: i64) -> Result<Vec<CustomerId>>;

    /// Consents by name, in force or not.
    async fn consents(&self, arrivals: &[Arrival]) -> Result<Vec<Option<Consent>>>;

    /// The shortest chain of accepted links between two identifiers. When one customer has both, the chain stays within
    /// this customer; without such a chain, merges by people also count as steps. Otherwise all accepted links count.
    /// Of equally short chains, it returns the one whose identifiers, from `from` on, have the smallest ids. `None`
    /// when one of the two is not known or nothing connects them. [`TooMuch`](StoreError::TooMuch) when it would have
    /// to read more than [`MOST_LINKS`](crate::stitching::why::MOST_LINKS) links.
    async fn why_linked(&self, from: &IdentifierKey, to: &IdentifierKey) -> Result<Option<LinkExplanation>>;

    /// Figures about identities, as of the last visible change. Every write updates these figures.
    async fn identity_health(&self) -> Result<Health>;

    /// The customers with the most identifiers, with their counts, largest first. Of customers with equal counts, the
    /// newest id comes first.
    async fn largest_customers(&self, limit: usize) -> Result<Vec<(CustomerId, i64)>>;

    /// Figures of the whole store.
    async fn status(&self) -> Result<StoreStatus>;

    /// The value of the counter of changes, and the number of the last change in the log (0 without changes). They are
    /// equal, unless the data is damaged; see [`counter`].
    async fn counter_and_log(&self) -> Result<(i64, i64)>;

    /// The statement, on one line, that sets the counter of changes to the last change in the log.
    fn mending_counter(&self) -> String;

    /// Figures of its connections for `/metrics`: name and value.
    fn gauges(&self) -> Vec<(&'static str, f64)>;
}
