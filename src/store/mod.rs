//! What a store can do, in operations of the domain: the trait [`Store`]. [`sqlite`] and [`neo4j`] implement it.
//!
//! Every operation is batched: answers stand in the order of the keys, with `None` where nothing is found. A driver's type
//! never leaves its store. `tests/store_contract` states the meaning of each operation, and runs on both stores.
//!
//! To add an operation: `CONTRIBUTING.md` has the list.

mod amounts;
mod as_of;
mod campaigns;
pub mod counter;
pub mod error;
pub mod journeys;
pub mod neo4j;
pub mod open;
pub(crate) mod prepared;
pub mod query;
pub mod recount;
pub mod rules;
mod run;
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
    /// The change number after it; that of the last change when the batch changed nothing.
    pub change: i64,
    /// One per fact, in order.
    pub outcomes: Vec<Outcome>,
    /// Shared devices whose visits are to be assigned now; see [`visits`].
    pub devices: Vec<IdentifierId>,
}

/// What became of a ruling.
#[derive(Clone, Debug)]
pub struct AppliedDecision {
    /// The change number after it; that of the last change when nothing changed.
    pub change: i64,
    /// What it came to.
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
    /// The number of the last change; never later than what the same read shows.
    pub change: i64,
    /// When that was committed.
    pub changed_at: Timestamp,
}

/// What can be asked about people: now ([`Store`]), or as of a moment ([`Store::as_of`]).
#[async_trait]
pub trait Reads: Send + Sync + 'static {
    /// Customers, each as one consistent read. `Err(AmbiguousOrder)` stands for its own key only.
    async fn customers(
        &self,
        keys: &[CustomerKey],
        shape: Shape,
        pages: FirstPages,
    ) -> Result<Vec<Result<Option<Arc<CustomerView>>>>>;

    /// Identifiers, with who holds each.
    async fn identifiers(&self, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>>;

    /// What a device did alone and what it carried for others, inbound, from `since` on: the latest `limit`, in
    /// order of time.
    async fn list_seen(&self, device: IdentifierId, since: Timestamp, limit: usize) -> Result<Vec<Seen>>;

    /// Touchpoints by message id. A message that is no touchpoint is `None`.
    async fn touchpoints(&self, message_ids: &[Arc<str>]) -> Result<Vec<Option<Touchpoint>>>;

    /// A page of touchpoints of each.
    async fn list_touchpoints(&self, of: &[Of], page: &TouchpointPage) -> Result<Vec<Page<Touchpoint>>>;

    /// How many touchpoints of each fit.
    async fn count_touchpoints(&self, of: &[Of], filter: &TouchpointFilter) -> Result<Vec<i64>>;

    /// Orders that were placed, products named.
    async fn orders(&self, keys: &[OrderKey]) -> Result<Vec<Option<Order>>>;

    /// A page of orders of each, newest first, products named.
    async fn list_orders(&self, of: &[Of], page: &OrderPage) -> Result<Vec<Page<Order>>>;

    /// How many orders of each were placed within.
    async fn count_orders(&self, of: &[Of], since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Vec<i64>>;

    /// Devices by key, each with all identifiers that live on it (at most 1,000, oldest first).
    async fn devices(&self, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>>;

    /// Every device of each (at most 1,000), last seen first; `identifiers` are those of the owner asked for.
    async fn list_devices(&self, of: &[Of]) -> Result<Vec<Vec<Device>>>;

    /// A page of links of each: of a customer those with both or either end in it, each once.
    async fn list_links(&self, of: &[Of], page: &LinkPage) -> Result<Vec<Page<Link>>>;

    /// How many links of each.
    async fn count_links(&self, of: &[Of], refused: Option<bool>) -> Result<Vec<i64>>;

    /// Links by name. As things stand now, of two that bound in no event and that a person merged what that person
    /// said; views of the past have links of events alone.
    async fn links(&self, keys: &[LinkKey]) -> Result<Vec<Option<Link>>>;

    /// Products by sku.
    async fn products(&self, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>>;

    /// Every act of each customer about products, in order of time, and every order it placed:
    /// what wish list, cart, likes, bought and returned are folded from.
    async fn product_acts(&self, customers: &[CustomerId]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>>;

    /// A page of the identity history of each customer, and of those it absorbed, oldest first.
    async fn list_identity_events(
        &self,
        customers: &[CustomerId],
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Vec<Page<IdentityEvent>>>;

    /// How long that history is.
    async fn count_identity_events(&self, customers: &[CustomerId]) -> Result<Vec<i64>>;

    /// Lines of identity histories by name.
    async fn identity_events(&self, arrivals: &[Arrival]) -> Result<Vec<Option<IdentityEvent>>>;

    /// Of each identifier those that a person has said it does not belong with, oldest first, at most 100,
    /// but for those that a person merged it with later.
    async fn kept_apart(&self, ids: &[IdentifierId]) -> Result<Vec<Vec<IdentifierId>>>;
}

/// A store: the graph of customers, and nothing that is about one way of asking for it.
#[async_trait]
pub trait Store: Reads + rules::Rulebook + journeys::JourneySource + visits::Visits {
    /// `sqlite` or `neo4j`.
    fn name(&self) -> &'static str;

    /// How many facts of a long file are best written together.
    fn batch_size(&self) -> usize {
        1_000
    }

    /// How many reads of one request run at a time; see [`share`].
    fn share(&self) -> usize {
        2
    }

    /// Makes constraints and indexes; safe to call again and by several servers at once. An error
    /// that [is transient](StoreError::is_transient) means: not yet, call again.
    async fn set_up(&self) -> Result<()>;

    /// Waits until [`set_up`](Self::set_up) has ended well in this process. Whoever works by himself, and not
    /// since somebody asks, waits for it before anything else.
    async fn until_set_up(&self);

    /// Whether the store answers now.
    async fn ping(&self) -> Result<()>;

    /// What is wrong with what is stored, as far as the store itself can tell, in words without anything that is
    /// stored; `thorough` takes a good deal longer. Before a set-up too.
    async fn examine(&self, _thorough: bool) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Ends it: what is being done is done, and nothing can be asked any more.
    async fn close(&self) {}

    /// Whether it takes writes, as far as is known. Costs nothing until a write failed or the disk is nearly full;
    /// then it tries a small one, which changes nothing.
    ///
    /// # Errors
    /// [`Full`](StoreError::Full), [`ReadOnly`](StoreError::ReadOnly), or why it could not be tried.
    async fn check_writes(&self) -> Result<()>;

    /// Plans the batch on what is stored, under locks, and writes the plan in one transaction:
    /// all of it or nothing. When this answers, the batch survives a kill of the process.
    /// `at` is the server's clock.
    ///
    /// Transient faults are retried inside, with a limit; `Refused` says that some fact of the
    /// batch is one the store will not take.
    async fn apply(&self, rules: &IdentityRules, batch: &Batch, at: Timestamp) -> Result<Applied>;

    /// Plans what a person decided as [`apply`](Self::apply) does, and writes it, in a change of its own;
    /// for `trial` it says what would come of it and writes nothing. What is wrong with the ruling
    /// itself is in the answer, and then nothing is written either.
    async fn decide(
        &self,
        rules: &IdentityRules,
        ruling: &DecisionRequest,
        at: Timestamp,
        trial: bool,
    ) -> Result<AppliedDecision>;

    /// The moment of a time: the last change that was committed by then, and is whole. `None` when that
    /// is none.
    async fn moment(&self, at: Timestamp) -> Result<Option<Moment>>;

    /// The same questions as of a moment. What it answers never changes, but for who was erased.
    fn as_of(&self, moment: Moment) -> Arc<dyn Reads>;

    /// Ids of customers with their places in the list, in its order.
    async fn list_customers(&self, list: &CustomerList) -> Result<Page<(CustomerId, CustomerSortKey)>>;

    /// How many customers fit.
    async fn count_customers(&self, filter: &CustomerFilter) -> Result<i64>;

    /// What happened behind `after`, at most `limit` changes and at least one when there is any: an
    /// unbroken run. A commit that is only becoming visible ends it, so whatever a change names can be
    /// read by whoever reads after it. `after` is taken as a place that exists.
    async fn changes(&self, after: ChangePlace, limit: usize) -> Result<ChangeRun>;

    /// Counts the commits of this process, so that a reader of the change log need not ask all the
    /// time; what others commit is found by asking.
    fn commits(&self) -> watch::Receiver<u64>;

    /// What a customer's id had become once the change `seq` was done: the id, then each customer it
    /// was merged into; the last is the one it stood for. Empty: nobody ever had it.
    async fn became(&self, id: &CustomerId, seq: i64) -> Result<Vec<CustomerId>>;

    /// Consents by name, whether they are still in force or not.
    async fn consents(&self, arrivals: &[Arrival]) -> Result<Vec<Option<Consent>>>;

    /// The shortest chain of links that bound between two identifiers. Of one customer, within it, and where
    /// there is none, the shortest with what people said who merged as steps;
    /// else over all that ever bound. Of several that are equally short the one whose identifiers, from
    /// `from` on, have the smallest ids. `None` when one of the two is not known or nothing connects
    /// them; [`TooMuch`](StoreError::TooMuch) when it would have to look at more than
    /// [`MOST_LINKS`](crate::stitching::why::MOST_LINKS).
    async fn why_linked(&self, from: &IdentifierKey, to: &IdentifierKey) -> Result<Option<LinkExplanation>>;

    /// Figures about who is who, of the last change that can be read; kept up to date by every write.
    async fn identity_health(&self) -> Result<Health>;

    /// The customers with the most identifiers and how many those are, the largest first; of equal ones
    /// the one whose id was given out last.
    async fn largest_customers(&self, limit: usize) -> Result<Vec<(CustomerId, i64)>>;

    /// Figures of the whole store.
    async fn status(&self) -> Result<StoreStatus>;

    /// Where the counter of changes stands, and the number of the last change in the log, 0 without any. They are
    /// the same, unless the data was damaged; see [`counter`].
    async fn counter_and_log(&self) -> Result<(i64, i64)>;

    /// The statement, on one line, that puts the counter of changes to the last change in the log.
    fn mending_counter(&self) -> String;

    /// Figures of its connections for `/metrics`: name and value.
    fn gauges(&self) -> Vec<(&'static str, f64)>;
}
