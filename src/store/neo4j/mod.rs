//! The store for production: Neo4j over Bolt, for several servers.
//!
//! * [`connections`] has the driver's connections, `fault` translates its errors.
//! * [`apply`](mod@apply) writes a batch: `known` reads its stored rows, `write` writes its plan, noun by noun.
//! * [`customers`] is the hot path: a whole customer in one statement.
//!
//! To add a statement: a file in `cypher/`, in the folder of its noun, with a comment that gives the reason for its
//! form; a static in the file of its noun; and, when a profile shows the need, an entry in the statements that
//! `customers` warms.

mod access_keys;
mod apply;
mod bolt;
mod changes;
mod claims;
mod coalesce;
mod commit_marker;
mod connections;
mod consents;
mod customer_list;
mod customers;
mod customers_as_of;
mod decisions;
mod devices;
mod erasures;
mod evidence;
mod exports;
mod fault;
mod health;
mod identifiers;
mod identity_events;
mod journeys;
mod known;
mod links;
mod locks;
mod memberships;
mod no_delay;
mod numbers;
mod orders;
mod pages;
#[cfg(test)]
mod plans;
mod products;
mod rows;
mod rules;
mod segment_memberships;
mod segments;
mod set_up;
mod spend;
mod statement;
mod status;
mod touchpoints;
mod visits;
mod why;
mod words;
mod write;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::access_keys::AccessKeys;
use super::erasures::Erasures;
use super::exports::{ExportSource, Holding};
use super::journeys::{ConsentPage, JourneySource, TouchpointSink, Window};
use super::prepared::Prepared;
use super::query::*;
use super::rules::{AppliedMoves, ClaimPage, MembershipAt, NewRules, Rulebook, RulesInForce};
use super::segment_memberships::SegmentMemberships;
use super::segments::{NewSegment, Segments, SegmentsRead};
use super::view_cache::{CACHE_BYTES, ViewCache};
use super::visits::{OwnerMove, Visits, VisitsAssigned};
use super::{Applied, AppliedDecision, Reads, Result, Store, StoreError, StoreStatus};
use crate::domain::access_key::{AccessKey, KeyHash, MaskingSecret};
use crate::domain::change::{ChangePlace, ChangeRun, IdentityEvent};
use crate::domain::consent::Consent;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::decision::Decision;
use crate::domain::device::Device;
use crate::domain::erasure::{ErasedIdentifier, ErasureOutcome, ErasureRequest, ErasureSalt};
use crate::domain::health::Health;
use crate::domain::identifier::Identifier;
use crate::domain::link::{Link, LinkExplanation};
use crate::domain::order::{Order, OrderKey};
use crate::domain::page::Page;
use crate::domain::product::{Product, ProductActed};
use crate::domain::rules::{IdentityRules, SavedRules, WrittenRules};
use crate::domain::segment::{Segment, SegmentId};
use crate::domain::segment_membership::{Judgement, SegmentMembership, Sweep, Verdict};
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, IdentifierKey, Moment, Timestamp};
use crate::journeys::property::Properties;
use crate::journeys::row::{HeldConsent, OrderNet};
use crate::stitching::known::Evidence;
use crate::stitching::moves::Move;
use crate::stitching::visits::Seen;
use crate::stitching::{Batch, DecisionRequest};
pub use apply::Step;
use connections::Connections;
use fault::again;

/// How many statements for the same view of customers run at a time. Other reads wait, and are then read together.
const READING: usize = 4;

/// The options of the connections.
#[derive(Clone)]
pub struct Neo4jOptions {
    /// `bolt://host:7687`, `neo4j://…` for a cluster, `bolt+s://…` and `neo4j+s://…` with TLS.
    pub url: Arc<str>,
    /// The user.
    pub user: Arc<str>,
    /// The password; it is in no message and no log.
    pub password: Arc<str>,
    /// The most connections that read. Writes have four of their own.
    pub pool_size: usize,
    /// How long a caller waits for a free connection.
    pub pool_wait: Duration,
    /// How long one statement may take.
    pub query_timeout: Duration,
    /// The maximum memory of cached customers, in bytes; 0 for no cache.
    pub cache_bytes: u64,
    /// The source of customer ids.
    pub new_id: NewId,
    /// Called at each step of a batch. Tests stop a writer there.
    #[doc(hidden)]
    pub pause: Option<Pause>,
}

/// Makes ids of new customers.
pub type NewId = Arc<dyn Fn() -> CustomerId + Send + Sync>;

/// Waits at a step of a batch.
pub type Pause = Arc<dyn Fn(Step) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

impl Default for Neo4jOptions {
    fn default() -> Self {
        Neo4jOptions {
            url: "bolt://127.0.0.1:7687".into(),
            user: "neo4j".into(),
            password: "".into(),
            pool_size: 16,
            pool_wait: Duration::from_secs(5),
            query_timeout: Duration::from_secs(30),
            cache_bytes: CACHE_BYTES,
            new_id: Arc::new(|| CustomerId(uuid::Uuid::now_v7().simple().to_string().into())),
            pause: None,
        }
    }
}

impl std::fmt::Debug for Neo4jOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Neo4jOptions").field("url", &self.address()).field("user", &self.user).finish_non_exhaustive()
    }
}

impl Neo4jOptions {
    /// The address without possible secrets.
    fn address(&self) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("", &self.url));
        let host = rest.split(['/', '?']).next().unwrap_or(rest);
        let host = host.rsplit('@').next().unwrap_or(host);
        if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
    }

    /// Whether the driver uses the routing of a cluster.
    fn is_routed(&self) -> bool {
        self.url.starts_with("neo4j")
    }

    /// The same server without routing; `None` when the address has no routing.
    fn direct(&self) -> Option<Neo4jOptions> {
        let rest = self.url.strip_prefix("neo4j")?;
        Some(Neo4jOptions { url: format!("bolt{rest}").into(), ..self.clone() })
    }
}

/// A store in a Neo4j database.
#[derive(Clone)]
pub struct Neo4jStore {
    inner: Arc<Inner>,
    /// The moment of [`Reads`]. Only a value from [`Store::as_of`] has one.
    as_of: Option<Moment>,
}

/// The state that all operations share, also operations that continue after their caller has gone.
struct Inner {
    connections: Connections,
    /// The running reads of customers, with the rows of their keys.
    reads: coalesce::Coalescer<customers::Reading, Vec<Vec<neo4rs::Row>>>,
    /// Checks of cached customers. Several waiting checks become one statement.
    checks: coalesce::Coalescer<customers::Check, Vec<Vec<neo4rs::Row>>>,
    views: ViewCache,
    markers: commit_marker::FoundMarkers,
    commits: watch::Sender<u64>,
    prepared: Prepared,
    /// Whether the last write failed because the server accepts no writes.
    writes_fail: AtomicBool,
}

impl Inner {
    /// Remembers whether the server accepts writes.
    fn note_write<T>(&self, done: &Result<T>) {
        match done {
            Ok(_) => self.writes_fail.store(false, Ordering::Relaxed),
            Err(error) if error.stops_writes() => self.writes_fail.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
    }

    async fn pause_at(&self, step: Step) {
        if let Some(pause) = &self.connections.options.pause {
            pause(step).await;
        }
    }
}

impl Neo4jStore {
    /// A store that connects at its first operation, and again after a lost connection. The server need not be
    /// reachable now. Fails on an address that can never work.
    pub fn connect(options: Neo4jOptions) -> Result<Self> {
        let views = ViewCache::new(options.cache_bytes, "neo4j");
        let connections = Connections::new(options)?;
        let inner = Inner {
            connections,
            reads: coalesce::Coalescer::new(READING),
            checks: coalesce::Coalescer::new(READING),
            views,
            markers: commit_marker::FoundMarkers::default(),
            commits: watch::Sender::new(0),
            prepared: Prepared::default(),
            writes_fail: AtomicBool::new(false),
        };
        Ok(Neo4jStore { inner: Arc::new(inner), as_of: None })
    }
}

/// Every statement: name and text.
pub(super) fn statements() -> Vec<(&'static str, &'static str)> {
    STATEMENTS.iter().copied().flatten().map(|statement| (statement.name, statement.text())).collect()
}

/// The statements of each file.
static STATEMENTS: &[&[&statement::Statement]] = &[
    apply::ALL,
    access_keys::ALL,
    changes::ALL,
    claims::ALL,
    commit_marker::ALL,
    consents::ALL,
    customer_list::ALL,
    customers::ALL,
    customers_as_of::ALL,
    decisions::ALL,
    devices::ALL,
    erasures::ALL,
    evidence::ALL,
    exports::ALL,
    health::ALL,
    identifiers::ALL,
    identity_events::ALL,
    journeys::ALL,
    known::ALL,
    links::ALL,
    locks::ALL,
    memberships::ALL,
    numbers::ALL,
    orders::ALL,
    products::ALL,
    rules::ALL,
    segment_memberships::ALL,
    segments::ALL,
    set_up::ALL,
    spend::ALL,
    status::ALL,
    touchpoints::ALL,
    visits::ALL,
    why::ALL,
    words::ALL,
];

/// The statement that reads a whole customer by an identifier, for benchmarks. Its parameters are `keys` (texts
/// `kind:value`), `orders` and `touchpoints`; the last two are one more than the wanted sizes.
#[doc(hidden)]
pub fn whole_customer_statement() -> &'static str {
    customers::whole_by_key()
}

#[async_trait]
impl Store for Neo4jStore {
    fn name(&self) -> &'static str {
        "neo4j"
    }

    fn share(&self) -> usize {
        self.inner.connections.options.pool_size / 4
    }

    async fn set_up(&self) -> Result<()> {
        set_up::set_up(&self.inner).await
    }

    async fn until_set_up(&self) {
        self.inner.prepared.wait().await;
    }

    async fn ping(&self) -> Result<()> {
        set_up::ping(&self.inner).await
    }

    async fn check_writes(&self) -> Result<()> {
        if !self.inner.writes_fail.load(Ordering::Relaxed) {
            return Ok(());
        }
        let tried = rules::alone(&self.inner, &set_up::TRY_WRITE, bolt::Params::new()).await;
        self.inner.note_write(&tried);
        tried
    }

    /// Works in its own task: a caller that goes away leaves no open transaction, and the batch is written completely
    /// or not at all.
    async fn apply(&self, rules: &IdentityRules, batch: &Batch, at: Timestamp) -> Result<Applied> {
        let (store, rules, batch) = (self.inner.clone(), rules.clone(), batch.clone());
        let work = tokio::spawn(async move { apply::apply(&store, &rules, &batch, at).await });
        work.await.unwrap_or_else(|e| Err(StoreError::Data(format!("a batch could not be planned: {e}"))))
    }

    /// In a task of its own, as a batch is.
    async fn decide(
        &self,
        rules: &IdentityRules,
        ruling: &DecisionRequest,
        at: Timestamp,
        trial: bool,
    ) -> Result<AppliedDecision> {
        let (store, rules, ruling) = (self.inner.clone(), rules.clone(), ruling.clone());
        let work = tokio::spawn(async move { apply::decide(&store, &rules, &ruling, at, trial).await });
        work.await.unwrap_or_else(|e| Err(StoreError::Data(format!("a decision could not be planned: {e}"))))
    }

    async fn moment(&self, at: Timestamp) -> Result<Option<Moment>> {
        again(|| changes::moment(&self.inner, at)).await
    }

    fn as_of(&self, moment: Moment) -> Arc<dyn Reads> {
        Arc::new(Neo4jStore { as_of: Some(moment), ..self.clone() })
    }

    async fn list_customers(&self, list: &CustomerList) -> Result<Page<(CustomerId, CustomerSortKey)>> {
        again(|| customer_list::list(&self.inner, list)).await
    }

    async fn count_customers(&self, filter: &CustomerFilter) -> Result<i64> {
        again(|| customer_list::count(&self.inner, filter)).await
    }

    async fn changes(&self, after: ChangePlace, limit: usize) -> Result<ChangeRun> {
        again(|| changes::list(&self.inner, after, limit)).await
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.inner.commits.subscribe()
    }

    async fn became(&self, id: &CustomerId, seq: i64) -> Result<Vec<CustomerId>> {
        again(|| changes::became(&self.inner, id, seq)).await
    }

    async fn consents(&self, arrivals: &[Arrival]) -> Result<Vec<Option<Consent>>> {
        again(|| consents::fetch(&self.inner, arrivals)).await
    }

    async fn why_linked(&self, from: &IdentifierKey, to: &IdentifierKey) -> Result<Option<LinkExplanation>> {
        again(|| why::explain(&self.inner, from, to)).await
    }

    async fn identity_health(&self) -> Result<Health> {
        again(|| health::fetch(&self.inner)).await
    }

    async fn largest_customers(&self, limit: usize) -> Result<Vec<(CustomerId, i64)>> {
        again(|| health::largest(&self.inner, limit)).await
    }

    async fn status(&self) -> Result<StoreStatus> {
        again(|| status::fetch(&self.inner)).await
    }

    async fn counter_and_log(&self) -> Result<(i64, i64)> {
        again(|| status::counter_and_log(&self.inner)).await
    }

    fn mending_counter(&self) -> String {
        status::mending_counter()
    }

    fn gauges(&self) -> Vec<(&'static str, f64)> {
        let mut gauges = status::gauges(&self.inner);
        gauges.push(("cache_bytes", self.inner.views.bytes() as f64));
        gauges
    }
}

#[async_trait]
impl AccessKeys for Neo4jStore {
    async fn list_access_keys(&self) -> Result<Vec<AccessKey>> {
        again(|| access_keys::list(&self.inner)).await
    }

    async fn insert_access_key(&self, key: &AccessKey) -> Result<bool> {
        access_keys::insert(&self.inner, key).await
    }

    async fn replace_access_key(&self, key: &AccessKey, until: Timestamp) -> Result<bool> {
        access_keys::replace(&self.inner, key, until).await
    }

    async fn revoke_access_keys(&self, name: &str, at: Timestamp) -> Result<usize> {
        access_keys::revoke(&self.inner, name, at).await
    }

    async fn note_access_key_uses(&self, uses: &[(KeyHash, Timestamp)]) -> Result<()> {
        access_keys::note_uses(&self.inner, uses).await
    }

    async fn masking_secret(&self, new: &MaskingSecret) -> Result<MaskingSecret> {
        again(|| access_keys::masking_secret(&self.inner, new)).await
    }
}

#[async_trait]
impl Rulebook for Neo4jStore {
    async fn rules(&self) -> Result<Option<RulesInForce>> {
        again(|| rules::fetch(&self.inner)).await
    }

    async fn begin_rules(&self, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce> {
        rules::begin(&self.inner, first, at).await
    }

    /// In a task of its own, as a batch is.
    async fn save_rules(&self, new: &NewRules, at: Timestamp) -> Result<Option<(SavedRules, i64)>> {
        let (store, new) = (self.inner.clone(), new.clone());
        let work = tokio::spawn(async move { apply::save_rules(&store, &new, at).await });
        work.await.unwrap_or_else(|e| Err(StoreError::Data(format!("rules could not be saved: {e}"))))
    }

    async fn rules_applied(&self, version: i64) -> Result<()> {
        rules::applied(&self.inner, version).await
    }

    async fn has_kind(&self, kind: &str) -> Result<bool> {
        again(|| rules::has_kind(&self.inner, kind)).await
    }

    async fn scan_identifiers(&self, at: i64, after: Option<IdentifierId>, limit: usize) -> Result<Vec<MembershipAt>> {
        again(|| rules::scan_identifiers(&self.inner, at, after, limit)).await
    }

    async fn scan_evidence(&self, at: i64, after: Option<Arrival>, limit: usize) -> Result<Vec<(Evidence, Timestamp)>> {
        again(|| rules::scan_evidence(&self.inner, at, after, limit)).await
    }

    async fn scan_claims(
        &self,
        traits: &[Arc<str>],
        at: i64,
        after: Option<IdentifierId>,
        limit: usize,
    ) -> Result<ClaimPage> {
        again(|| rules::scan_claims(&self.inner, traits, at, after, limit)).await
    }

    async fn scan_decisions(&self, at: i64, after: Option<Arrival>, limit: usize) -> Result<Vec<Decision>> {
        again(|| rules::scan_decisions(&self.inner, at, after, limit)).await
    }

    /// In a task of its own, as a batch is.
    async fn apply_moves(&self, rules: &IdentityRules, moves: &[Move], at: Timestamp) -> Result<AppliedMoves> {
        let (store, rules, moves) = (self.inner.clone(), rules.clone(), moves.to_vec());
        let work = tokio::spawn(async move { apply::apply_moves(&store, &rules, &moves, at).await });
        work.await.unwrap_or_else(|e| Err(StoreError::Data(format!("moves could not be planned: {e}"))))
    }
}

#[async_trait]
impl JourneySource for Neo4jStore {
    async fn scan_touchpoints(
        &self,
        window: Window,
        limit: usize,
        dimensions: &Arc<Properties>,
        sink: &TouchpointSink,
    ) -> Result<Option<Arrival>> {
        again(|| journeys::scan_touchpoints(&self.inner, window, limit, dimensions, sink)).await
    }

    async fn scan_members(
        &self,
        at: i64,
        after: Option<IdentifierId>,
        limit: usize,
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
        again(|| journeys::scan_members(&self.inner, at, after, limit)).await
    }

    async fn scan_orders(&self, after: Option<&OrderKey>, limit: usize) -> Result<Vec<OrderNet>> {
        again(|| journeys::scan_orders(&self.inner, after, limit)).await
    }

    async fn scan_held_consents(&self, after: Option<IdentifierId>, limit: usize) -> Result<ConsentPage> {
        again(|| journeys::scan_held_consents(&self.inner, after, limit)).await
    }

    async fn members_at(
        &self,
        at: i64,
        customers: &[CustomerId],
        identifiers: &[IdentifierId],
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
        again(|| journeys::members_at(&self.inner, at, customers, identifiers)).await
    }

    async fn held_consents_at(&self, at: i64, identifiers: &[IdentifierId]) -> Result<Vec<Vec<HeldConsent>>> {
        again(|| journeys::held_consents_at(&self.inner, at, identifiers)).await
    }
}

#[async_trait]
impl Erasures for Neo4jStore {
    /// In a task of its own, as a batch is.
    async fn erase(
        &self,
        request: &ErasureRequest,
        salt: &ErasureSalt,
        at: Timestamp,
        trial: bool,
    ) -> Result<ErasureOutcome> {
        let (store, request, salt) = (self.inner.clone(), request.clone(), salt.clone());
        let work = tokio::spawn(async move {
            let done = apply::erase(&store, &request, &salt, at, trial).await;
            store.views.clear();
            done
        });
        work.await.unwrap_or_else(|e| Err(StoreError::Data(format!("a person could not be erased: {e}"))))
    }

    async fn erased(&self, ids: &[CustomerId]) -> Result<Vec<bool>> {
        again(|| erasures::erased(&self.inner, ids)).await
    }

    async fn erased_identifier(&self, key: &IdentifierKey, salt: &ErasureSalt) -> Result<ErasedIdentifier> {
        again(|| erasures::erased_identifier(&self.inner, key, salt)).await
    }

    async fn set_suppression(&self, key: &IdentifierKey, salt: &ErasureSalt, is: bool) -> Result<bool> {
        erasures::suppress(&self.inner, key, salt, is).await
    }

    async fn clean_up(&self) -> Result<Option<&'static str>> {
        erasures::clean_up(&self.inner).await
    }
}

#[async_trait]
impl ExportSource for Neo4jStore {
    async fn scan_customer_ids(&self, at: i64, after: Option<&CustomerId>, limit: usize) -> Result<Vec<CustomerId>> {
        again(|| exports::scan_customer_ids(&self.inner, at, after, limit)).await
    }

    async fn scan_history(&self, at: Moment, after: Option<Arrival>, limit: usize) -> Result<Vec<Touchpoint>> {
        again(|| exports::scan_history(&self.inner, at.change, after, limit)).await
    }

    async fn holdings_at(&self, at: Moment, ids: &[IdentifierId]) -> Result<Vec<Option<Holding>>> {
        again(|| exports::holdings_at(&self.inner, at.change, ids)).await
    }
}

#[async_trait]
impl Segments for Neo4jStore {
    async fn segments(&self, at: Option<i64>) -> Result<Vec<Segment>> {
        again(|| segments::list(&self.inner, at)).await
    }

    /// In a task of its own, as a batch is.
    async fn save_segment(&self, read: &SegmentsRead, new: &NewSegment, at: Timestamp) -> Result<Option<Segment>> {
        let (store, read, new) = (self.inner.clone(), read.clone(), new.clone());
        let work =
            tokio::spawn(
                async move { apply::write_segment(&store, &read, segments::SegmentWrite::Save(&new), at).await },
            );
        work.await.unwrap_or_else(|e| Err(StoreError::Data(format!("a segment could not be saved: {e}"))))
    }

    /// In a task of its own, as a batch is.
    async fn delete_segment(&self, read: &SegmentsRead, id: SegmentId, at: Timestamp) -> Result<bool> {
        let (store, read) = (self.inner.clone(), read.clone());
        let work =
            tokio::spawn(
                async move { apply::write_segment(&store, &read, segments::SegmentWrite::Delete(id), at).await },
            );
        let done =
            work.await.unwrap_or_else(|e| Err(StoreError::Data(format!("a segment could not be deleted: {e}"))))?;
        Ok(done.is_some())
    }

    async fn has_trait(&self, name: &str) -> Result<bool> {
        again(|| segments::has_trait(&self.inner, name)).await
    }
}

#[async_trait]
impl SegmentMemberships for Neo4jStore {
    async fn segment_memberships(&self, customers: &[CustomerId]) -> Result<Vec<Vec<SegmentMembership>>> {
        again(|| segment_memberships::list_of(&self.inner, customers)).await
    }

    async fn list_segment_members(
        &self,
        segment: SegmentId,
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Page<(CustomerId, Arrival)>> {
        again(|| segment_memberships::list(&self.inner, segment, after, limit)).await
    }

    async fn count_segment_members(&self, segment: SegmentId) -> Result<i64> {
        again(|| segment_memberships::count(&self.inner, segment)).await
    }

    async fn pending_judgements(&self, now: Timestamp, limit: usize) -> Result<Vec<Judgement>> {
        again(|| segment_memberships::pending(&self.inner, now, limit)).await
    }

    async fn judgements(&self, customers: &[CustomerId]) -> Result<Vec<Judgement>> {
        again(|| segment_memberships::judgements(&self.inner, customers)).await
    }

    async fn sweeps(&self) -> Result<Vec<Sweep>> {
        again(|| segment_memberships::sweeps(&self.inner)).await
    }

    /// In a task of its own, as a batch is.
    async fn judge(
        &self,
        segments: &SegmentsRead,
        verdicts: &[Verdict],
        sweep: Option<(Sweep, Option<Arrival>)>,
        at: Timestamp,
    ) -> Result<Option<usize>> {
        let (store, segments, verdicts) = (self.inner.clone(), segments.clone(), verdicts.to_vec());
        let work = tokio::spawn(async move {
            let judging = segment_memberships::Judging { segments: &segments, verdicts: &verdicts, sweep };
            apply::judge(&store, judging, at).await
        });
        work.await.unwrap_or_else(|e| Err(StoreError::Data(format!("verdicts could not be written: {e}"))))
    }
}

#[async_trait]
impl Visits for Neo4jStore {
    async fn assign_visits(
        &self,
        rules: &IdentityRules,
        devices: &[IdentifierId],
        most: usize,
        at: Timestamp,
    ) -> Result<Option<VisitsAssigned>> {
        let (store, rules, devices) = (self.inner.clone(), rules.clone(), devices.to_vec());
        let work = tokio::spawn(async move { apply::assign_visits(&store, &rules, &devices, most, at).await });
        work.await.unwrap_or_else(|e| Err(StoreError::Data(format!("visits could not be assigned: {e}"))))
    }

    async fn owner_moves(&self, after: i64, upto: i64) -> Result<Vec<OwnerMove>> {
        again(|| visits::owner_moves(&self.inner, after, upto)).await
    }
}

#[async_trait]
impl Reads for Neo4jStore {
    async fn list_seen(&self, device: IdentifierId, since: Timestamp, limit: usize) -> Result<Vec<Seen>> {
        again(|| visits::list_seen(&self.inner, device, since, limit, self.as_of)).await
    }

    async fn customers(
        &self,
        keys: &[CustomerKey],
        shape: Shape,
        pages: FirstPages,
    ) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
        again(|| customers::fetch(&self.inner, keys, shape, pages, self.as_of)).await
    }

    async fn identifiers(&self, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>> {
        again(|| identifiers::fetch(&self.inner, keys, self.as_of)).await
    }

    async fn touchpoints(&self, message_ids: &[Arc<str>]) -> Result<Vec<Option<Touchpoint>>> {
        again(|| touchpoints::fetch(&self.inner, message_ids, self.as_of)).await
    }

    async fn list_touchpoints(&self, of: &[Of], page: &TouchpointPage) -> Result<Vec<Page<Touchpoint>>> {
        again(|| touchpoints::list(&self.inner, of, page, self.as_of)).await
    }

    async fn count_touchpoints(&self, of: &[Of], filter: &TouchpointFilter) -> Result<Vec<i64>> {
        again(|| touchpoints::count(&self.inner, of, filter, self.as_of)).await
    }

    async fn count_touchpoints_in_buckets(&self, of: &[Of], window: Buckets) -> Result<Vec<BucketCounts>> {
        again(|| touchpoints::count_in_buckets(&self.inner, of, window, self.as_of)).await
    }

    async fn orders(&self, keys: &[OrderKey]) -> Result<Vec<Option<Order>>> {
        again(|| orders::fetch(&self.inner, keys, self.as_of)).await
    }

    async fn list_orders(&self, of: &[Of], page: &OrderPage) -> Result<Vec<Page<Order>>> {
        again(|| orders::list(&self.inner, of, page, self.as_of)).await
    }

    async fn count_orders(&self, of: &[Of], since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Vec<i64>> {
        again(|| orders::count(&self.inner, of, since, until, self.as_of)).await
    }

    async fn devices(&self, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>> {
        again(|| devices::fetch(&self.inner, keys, self.as_of)).await
    }

    async fn list_devices(&self, of: &[Of]) -> Result<Vec<Vec<Device>>> {
        again(|| devices::list(&self.inner, of, self.as_of)).await
    }

    async fn list_links(&self, of: &[Of], page: &LinkPage) -> Result<Vec<Page<Link>>> {
        again(|| links::list(&self.inner, of, page, self.as_of)).await
    }

    async fn count_links(&self, of: &[Of], refused: Option<bool>) -> Result<Vec<i64>> {
        again(|| links::count(&self.inner, of, refused, self.as_of)).await
    }

    async fn links(&self, keys: &[LinkKey]) -> Result<Vec<Option<Link>>> {
        again(|| links::fetch(&self.inner, keys, self.as_of)).await
    }

    async fn products(&self, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>> {
        again(|| products::fetch(&self.inner, skus, self.as_of)).await
    }

    async fn product_acts(&self, customers: &[CustomerId]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
        again(|| products::acts(&self.inner, customers, self.as_of)).await
    }

    async fn list_identity_events(
        &self,
        customers: &[CustomerId],
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Vec<Page<IdentityEvent>>> {
        again(|| identity_events::list(&self.inner, customers, after, limit, self.as_of)).await
    }

    async fn count_identity_events(&self, customers: &[CustomerId]) -> Result<Vec<i64>> {
        again(|| identity_events::count(&self.inner, customers, self.as_of)).await
    }

    async fn identity_events(&self, arrivals: &[Arrival]) -> Result<Vec<Option<IdentityEvent>>> {
        again(|| identity_events::fetch(&self.inner, arrivals, self.as_of)).await
    }

    async fn kept_apart(&self, ids: &[IdentifierId]) -> Result<Vec<Vec<IdentifierId>>> {
        again(|| decisions::kept_apart(&self.inner, ids, self.as_of)).await
    }
}
