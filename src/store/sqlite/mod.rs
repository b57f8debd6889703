//! The embedded store: one SQLite file, in WAL mode, with the model in tables.
//!
//! One thread writes and several threads read; none of these is an async thread ([`pool`]). A batch is one transaction:
//! it takes the file's write lock, reads the rows of the batch ([`known`]), plans, and writes the plan
//! ([`write`](mod@write)). A read is one transaction too, so its answer shows one moment.
//!
//! To add a statement: a file in `sql/`, in the folder of its noun, its name in the `statements!` of the noun's file, and, when
//! it is on a hot path, its plan in `plans.rs`.

mod access_keys;
mod apply;
mod backup;
mod changes;
mod claims;
mod consents;
mod customer_list;
mod customers;
mod decisions;
mod devices;
mod erasures;
mod error;
mod exports;
mod files;
mod health;
mod identifiers;
mod identity_events;
mod journeys;
mod known;
mod links;
mod look;
mod memberships;
mod orders;
mod pages;
#[cfg(test)]
mod plans;
mod pool;
mod products;
mod row;
mod rules;
mod segment_memberships;
mod segments;
mod set_up;
mod statement;
mod status;
mod touchpoints;
mod visits;
mod why;
mod words;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
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
use super::{Applied, AppliedDecision, Reads, Result, Store, StoreStatus};
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
pub use backup::{back_up, restore};
use files::Files;
pub use look::{FileTrouble, look};
use pool::{Opening, Pool};

/// Every statement: name and text.
pub(super) fn statements() -> Vec<(&'static str, &'static str)> {
    STATEMENTS.iter().copied().flatten().map(|statement| (statement.name, statement.sql)).collect()
}

/// The statements of each file.
const STATEMENTS: &[&[statement::Statement]] = &[
    access_keys::ALL,
    changes::ALL,
    claims::ALL,
    consents::ALL,
    customer_list::ALL,
    customers::ALL,
    decisions::ALL,
    devices::ALL,
    erasures::ALL,
    exports::ALL,
    health::ALL,
    identifiers::ALL,
    identity_events::ALL,
    journeys::ALL,
    known::ALL,
    links::ALL,
    memberships::ALL,
    orders::ALL,
    products::ALL,
    rules::ALL,
    segment_memberships::ALL,
    segments::ALL,
    status::ALL,
    touchpoints::ALL,
    visits::ALL,
    why::ALL,
    words::ALL,
    write::ALL,
];

/// A store in one file.
#[derive(Clone)]
pub struct SqliteStore {
    pool: Arc<Pool>,
    prepared: Prepared,
    new_id: NewId,
    views: Arc<ViewCache>,
    /// The moment of [`Reads`]. Only a value from [`Store::as_of`] has one.
    as_of: Option<Moment>,
}

/// Makes ids of new customers.
pub type NewId = Arc<dyn Fn() -> CustomerId + Send + Sync>;

/// The options of a store.
#[derive(Clone)]
pub struct SqliteOptions {
    /// Whether a commit waits for the disk. With this, acknowledged events survive a power cut; without, only a kill of
    /// the process.
    pub synchronous_full: bool,
    /// The number of reading threads.
    pub readers: usize,
    /// The time that a write waits for a write of another process.
    pub lock_wait: Duration,
    /// The maximum memory of cached customers, in bytes; 0 for no cache.
    pub cache_bytes: u64,
    /// The source of customer ids.
    pub new_id: NewId,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        let new_id = || CustomerId(uuid::Uuid::now_v7().simple().to_string().into());
        SqliteOptions {
            synchronous_full: true,
            readers: 4,
            lock_wait: Duration::from_secs(4),
            cache_bytes: CACHE_BYTES,
            new_id: Arc::new(new_id),
        }
    }
}

impl SqliteStore {
    /// A store in the file at `path`. [`set_up`](Store::set_up) creates a missing file, and must be called first.
    pub fn open(path: &Path, options: SqliteOptions) -> Result<Self> {
        let SqliteOptions { synchronous_full, lock_wait, .. } = options;
        let opening = Opening { files: Arc::new(Files::at(path)), synchronous_full, lock_wait };
        let pool = Arc::new(Pool::start(opening, options.readers)?);
        let views = Arc::new(ViewCache::new(options.cache_bytes, "sqlite"));
        Ok(SqliteStore { pool, prepared: Prepared::default(), new_id: options.new_id, views, as_of: None })
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    /// Each changed page is written once per batch. With batches of 1,000 these writes take a third of the time of a
    /// long import.
    fn batch_size(&self) -> usize {
        5_000
    }

    fn share(&self) -> usize {
        self.pool.reader_count() / 2
    }

    async fn set_up(&self) -> Result<()> {
        self.pool.write(set_up::set_up).await?;
        self.prepared.say();
        Ok(())
    }

    async fn until_set_up(&self) {
        self.prepared.wait().await;
    }

    async fn ping(&self) -> Result<()> {
        let files = self.pool.files().clone();
        self.pool
            .ping(move |db| {
                status::fetch(db)?;
                files.check()
            })
            .await
    }

    async fn examine(&self, thorough: bool) -> Result<Vec<String>> {
        self.pool.read(move |db| set_up::faults(db, thorough)).await
    }

    async fn close(&self) {
        let pool = self.pool.clone();
        // It waits for threads.
        if tokio::task::spawn_blocking(move || pool.close()).await.is_err() {
            tracing::error!("the database was not closed: a fault of the program");
        }
    }

    async fn check_writes(&self) -> Result<()> {
        self.pool.is_still_full()?;
        match self.pool.writes_may_fail() {
            true => self.pool.write_quietly(status::try_write).await,
            false => Ok(()),
        }
    }

    async fn apply(&self, rules: &IdentityRules, batch: &Batch, at: Timestamp) -> Result<Applied> {
        let (rules, batch, new_id) = (rules.clone(), batch.clone(), self.new_id.clone());
        self.pool.write(move |db| apply::apply(db, &rules, &batch, at, &new_id)).await
    }

    async fn decide(
        &self,
        rules: &IdentityRules,
        ruling: &DecisionRequest,
        at: Timestamp,
        trial: bool,
    ) -> Result<AppliedDecision> {
        let (rules, ruling, new_id) = (rules.clone(), ruling.clone(), self.new_id.clone());
        if trial {
            return self.pool.read(move |db| apply::try_decision(db, &rules, &ruling, at, &new_id)).await;
        }
        self.pool.write(move |db| apply::decide(db, &rules, &ruling, at, &new_id)).await
    }

    async fn moment(&self, at: Timestamp) -> Result<Option<Moment>> {
        self.pool.read(move |db| status::moment(db, at)).await
    }

    fn as_of(&self, moment: Moment) -> Arc<dyn Reads> {
        Arc::new(SqliteStore { as_of: Some(moment), ..self.clone() })
    }

    async fn list_customers(&self, list: &CustomerList) -> Result<Page<(CustomerId, CustomerSortKey)>> {
        let list = list.clone();
        self.pool.read(move |db| customer_list::list(db, &list)).await
    }

    async fn count_customers(&self, filter: &CustomerFilter) -> Result<i64> {
        let filter = filter.clone();
        self.pool.read(move |db| customer_list::count(db, &filter)).await
    }

    async fn changes(&self, after: ChangePlace, limit: usize) -> Result<ChangeRun> {
        self.pool.read(move |db| changes::list(db, after, limit)).await
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.pool.commits()
    }

    async fn became(&self, id: &CustomerId, seq: i64) -> Result<Vec<CustomerId>> {
        let id = id.clone();
        self.pool.read(move |db| changes::became(db, id, seq)).await
    }

    async fn consents(&self, arrivals: &[Arrival]) -> Result<Vec<Option<Consent>>> {
        let arrivals = arrivals.to_vec();
        self.pool.read(move |db| consents::fetch(db, &arrivals)).await
    }

    async fn why_linked(&self, from: &IdentifierKey, to: &IdentifierKey) -> Result<Option<LinkExplanation>> {
        let (from, to) = (from.clone(), to.clone());
        self.pool.read(move |db| why::explain(db, &from, &to)).await
    }

    async fn identity_health(&self) -> Result<Health> {
        self.pool.read(health::fetch).await
    }

    async fn largest_customers(&self, limit: usize) -> Result<Vec<(CustomerId, i64)>> {
        self.pool.read(move |db| health::largest(db, limit)).await
    }

    async fn status(&self) -> Result<StoreStatus> {
        self.pool.read(status::fetch).await
    }

    async fn counter_and_log(&self) -> Result<(i64, i64)> {
        self.pool.read(status::counter_and_log).await
    }

    fn mending_counter(&self) -> String {
        status::mending_counter()
    }

    fn gauges(&self) -> Vec<(&'static str, f64)> {
        let mut gauges = self.pool.gauges();
        gauges.push(("cache_bytes", self.views.bytes() as f64));
        gauges
    }
}

#[async_trait]
impl AccessKeys for SqliteStore {
    async fn list_access_keys(&self) -> Result<Vec<AccessKey>> {
        self.pool.read(access_keys::list).await
    }

    async fn insert_access_key(&self, key: &AccessKey) -> Result<bool> {
        let key = key.clone();
        self.pool.write(move |db| access_keys::insert(db, &key)).await
    }

    async fn replace_access_key(&self, key: &AccessKey, until: Timestamp) -> Result<bool> {
        let key = key.clone();
        self.pool.write(move |db| access_keys::replace(db, &key, until)).await
    }

    async fn revoke_access_keys(&self, name: &str, at: Timestamp) -> Result<usize> {
        let name = name.to_owned();
        self.pool.write(move |db| access_keys::revoke(db, &name, at)).await
    }

    async fn note_access_key_uses(&self, uses: &[(KeyHash, Timestamp)]) -> Result<()> {
        let uses = uses.to_vec();
        self.pool.write(move |db| access_keys::note_uses(db, &uses)).await
    }

    async fn masking_secret(&self, new: &MaskingSecret) -> Result<MaskingSecret> {
        let new = new.clone();
        self.pool.write(move |db| access_keys::masking_secret(db, &new)).await
    }
}

#[async_trait]
impl Rulebook for SqliteStore {
    async fn rules(&self) -> Result<Option<RulesInForce>> {
        self.pool.read(rules::fetch).await
    }

    async fn begin_rules(&self, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce> {
        let first = first.clone();
        self.pool.write(move |db| rules::begin(db, &first, at)).await
    }

    async fn save_rules(&self, new: &NewRules, at: Timestamp) -> Result<Option<(SavedRules, i64)>> {
        let new = new.clone();
        self.pool.write(move |db| rules::save(db, &new, at)).await
    }

    async fn rules_applied(&self, version: i64) -> Result<()> {
        self.pool.write(move |db| rules::applied(db, version)).await
    }

    async fn has_kind(&self, kind: &str) -> Result<bool> {
        let kind = kind.to_owned();
        self.pool.read(move |db| rules::has_kind(db, &kind)).await
    }

    async fn scan_identifiers(&self, at: i64, after: Option<IdentifierId>, limit: usize) -> Result<Vec<MembershipAt>> {
        self.pool.read(move |db| rules::scan_identifiers(db, at, after, limit)).await
    }

    async fn scan_evidence(&self, at: i64, after: Option<Arrival>, limit: usize) -> Result<Vec<(Evidence, Timestamp)>> {
        self.pool.read(move |db| rules::scan_evidence(db, at, after, limit)).await
    }

    async fn scan_claims(
        &self,
        traits: &[Arc<str>],
        at: i64,
        after: Option<IdentifierId>,
        limit: usize,
    ) -> Result<ClaimPage> {
        let traits = traits.to_vec();
        self.pool.read(move |db| rules::scan_claims(db, &traits, at, after, limit)).await
    }

    async fn scan_decisions(&self, at: i64, after: Option<Arrival>, limit: usize) -> Result<Vec<Decision>> {
        self.pool.read(move |db| rules::scan_decisions(db, at, after, limit)).await
    }

    async fn apply_moves(&self, rules: &IdentityRules, moves: &[Move], at: Timestamp) -> Result<AppliedMoves> {
        let (rules, moves, new_id) = (rules.clone(), moves.to_vec(), self.new_id.clone());
        self.pool.write(move |db| apply::make_moves(db, &rules, &moves, at, &new_id)).await
    }
}

#[async_trait]
impl JourneySource for SqliteStore {
    async fn scan_touchpoints(
        &self,
        window: Window,
        limit: usize,
        dimensions: &Arc<Properties>,
        sink: &TouchpointSink,
    ) -> Result<Option<Arrival>> {
        let (dimensions, sink) = (dimensions.clone(), sink.clone());
        self.pool.read(move |db| journeys::scan_touchpoints(db, window, limit, &dimensions, &sink)).await
    }

    async fn scan_members(
        &self,
        at: i64,
        after: Option<IdentifierId>,
        limit: usize,
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
        self.pool.read(move |db| journeys::scan_members(db, at, after, limit)).await
    }

    async fn scan_orders(&self, after: Option<&OrderKey>, limit: usize) -> Result<Vec<OrderNet>> {
        let after = after.cloned();
        self.pool.read(move |db| journeys::scan_orders(db, after.as_ref(), limit)).await
    }

    async fn scan_held_consents(&self, after: Option<IdentifierId>, limit: usize) -> Result<ConsentPage> {
        self.pool.read(move |db| journeys::scan_held_consents(db, after, limit)).await
    }

    async fn members_at(
        &self,
        at: i64,
        customers: &[CustomerId],
        identifiers: &[IdentifierId],
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
        let (customers, identifiers) = (customers.to_vec(), identifiers.to_vec());
        self.pool.read(move |db| journeys::members_at(db, at, &customers, &identifiers)).await
    }

    async fn held_consents_at(&self, at: i64, identifiers: &[IdentifierId]) -> Result<Vec<Vec<HeldConsent>>> {
        let identifiers = identifiers.to_vec();
        self.pool.read(move |db| journeys::held_consents_at(db, at, &identifiers)).await
    }
}

#[async_trait]
impl Erasures for SqliteStore {
    async fn erase(
        &self,
        request: &ErasureRequest,
        salt: &ErasureSalt,
        at: Timestamp,
        trial: bool,
    ) -> Result<ErasureOutcome> {
        let (request, salt) = (request.clone(), salt.clone());
        let job = move |db: &mut Connection| erasures::erase(db, &request, &salt, at, trial);
        if trial {
            return self.pool.write_quietly(job).await;
        }
        let done = self.pool.write(job).await;
        self.views.clear();
        done
    }

    async fn erased(&self, ids: &[CustomerId]) -> Result<Vec<bool>> {
        let ids = ids.to_vec();
        self.pool.read(move |db| erasures::erased(db, &ids)).await
    }

    async fn erased_identifier(&self, key: &IdentifierKey, salt: &ErasureSalt) -> Result<ErasedIdentifier> {
        let (key, salt) = (key.clone(), salt.clone());
        self.pool.read(move |db| erasures::erased_identifier(db, &key, &salt)).await
    }

    async fn set_suppression(&self, key: &IdentifierKey, salt: &ErasureSalt, is: bool) -> Result<bool> {
        let (key, salt) = (key.clone(), salt.clone());
        self.pool.write_quietly(move |db| erasures::suppress(db, &key, &salt, is)).await
    }

    async fn clean_up(&self) -> Result<Option<&'static str>> {
        self.pool.write_quietly(erasures::clean_up).await
    }
}

#[async_trait]
impl ExportSource for SqliteStore {
    async fn scan_customer_ids(&self, at: i64, after: Option<&CustomerId>, limit: usize) -> Result<Vec<CustomerId>> {
        let after = after.cloned();
        self.pool.read(move |db| exports::scan_customer_ids(db, at, after.as_ref(), limit)).await
    }

    async fn scan_history(&self, at: Moment, after: Option<Arrival>, limit: usize) -> Result<Vec<Touchpoint>> {
        self.pool.read(move |db| exports::scan_history(db, at.change, after, limit)).await
    }

    async fn holdings_at(&self, at: Moment, ids: &[IdentifierId]) -> Result<Vec<Option<Holding>>> {
        let ids = ids.to_vec();
        self.pool.read(move |db| exports::holdings_at(db, at.change, &ids)).await
    }
}

#[async_trait]
impl Segments for SqliteStore {
    async fn segments(&self, at: Option<i64>) -> Result<Vec<Segment>> {
        self.pool.read(move |db| segments::list(db, at)).await
    }

    async fn save_segment(&self, read: &SegmentsRead, new: &NewSegment, at: Timestamp) -> Result<Option<Segment>> {
        let (read, new) = (read.clone(), new.clone());
        self.pool.write(move |db| segments::save(db, &read, &new, at)).await
    }

    async fn delete_segment(&self, read: &SegmentsRead, id: SegmentId, at: Timestamp) -> Result<bool> {
        let read = read.clone();
        self.pool.write(move |db| segments::delete(db, &read, id, at)).await
    }

    async fn has_trait(&self, name: &str) -> Result<bool> {
        let name = name.to_owned();
        self.pool.read(move |db| segments::has_trait(db, &name)).await
    }
}

#[async_trait]
impl SegmentMemberships for SqliteStore {
    async fn segment_memberships(&self, customers: &[CustomerId]) -> Result<Vec<Vec<SegmentMembership>>> {
        let customers = customers.to_vec();
        self.pool.read(move |db| segment_memberships::list_of(db, &customers)).await
    }

    async fn list_segment_members(
        &self,
        segment: SegmentId,
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Page<(CustomerId, Arrival)>> {
        self.pool.read(move |db| segment_memberships::list(db, segment, after, limit)).await
    }

    async fn count_segment_members(&self, segment: SegmentId) -> Result<i64> {
        self.pool.read(move |db| segment_memberships::count(db, segment)).await
    }

    async fn pending_judgements(&self, now: Timestamp, limit: usize) -> Result<Vec<Judgement>> {
        self.pool.read(move |db| segment_memberships::pending(db, now, limit)).await
    }

    async fn judgements(&self, customers: &[CustomerId]) -> Result<Vec<Judgement>> {
        let customers = customers.to_vec();
        self.pool.read(move |db| segment_memberships::judgements(db, &customers)).await
    }

    async fn sweeps(&self) -> Result<Vec<Sweep>> {
        self.pool.read(segment_memberships::sweeps).await
    }

    async fn judge(
        &self,
        segments: &SegmentsRead,
        verdicts: &[Verdict],
        sweep: Option<(Sweep, Option<Arrival>)>,
        at: Timestamp,
    ) -> Result<Option<usize>> {
        let (segments, verdicts) = (segments.clone(), verdicts.to_vec());
        self.pool.write(move |db| segment_memberships::judge(db, &segments, &verdicts, sweep, at)).await
    }
}

#[async_trait]
impl Visits for SqliteStore {
    async fn assign_visits(
        &self,
        rules: &IdentityRules,
        devices: &[IdentifierId],
        most: usize,
        at: Timestamp,
    ) -> Result<Option<VisitsAssigned>> {
        // This is called often, and usually there is nothing to assign. So a read checks first, which need not wait for
        // a writer.
        let wanted = devices.to_vec();
        if !self.pool.read(move |db| visits::is_noted(db, &wanted)).await? {
            return Ok(None);
        }
        let (rules, devices) = (rules.clone(), devices.to_vec());
        self.pool.write(move |db| visits::assign(db, &rules, &devices, most, at)).await
    }

    async fn owner_moves(&self, after: i64, upto: i64) -> Result<Vec<OwnerMove>> {
        self.pool.read(move |db| visits::owner_moves(db, after, upto)).await
    }
}

impl SqliteStore {
    /// Reads of the present, or as of the moment.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, Option<Moment>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let as_of = self.as_of;
        self.pool.read(move |db| read(db, as_of)).await
    }
}

#[async_trait]
impl Reads for SqliteStore {
    async fn list_seen(&self, device: IdentifierId, since: Timestamp, limit: usize) -> Result<Vec<Seen>> {
        self.read(move |db, as_of| visits::list_seen(db, device, since, limit, as_of)).await
    }

    async fn customers(
        &self,
        keys: &[CustomerKey],
        shape: Shape,
        pages: FirstPages,
    ) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
        let (keys, views) = (keys.to_vec(), self.views.clone());
        self.read(move |db, as_of| customers::fetch(db, &views, &keys, shape, pages, as_of)).await
    }

    async fn identifiers(&self, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>> {
        let keys = keys.to_vec();
        self.read(move |db, as_of| identifiers::fetch(db, &keys, as_of)).await
    }

    async fn touchpoints(&self, message_ids: &[Arc<str>]) -> Result<Vec<Option<Touchpoint>>> {
        let message_ids = message_ids.to_vec();
        self.read(move |db, as_of| touchpoints::fetch(db, &message_ids, as_of)).await
    }

    async fn list_touchpoints(&self, of: &[Of], page: &TouchpointPage) -> Result<Vec<Page<Touchpoint>>> {
        let (of, page) = (of.to_vec(), page.clone());
        self.read(move |db, as_of| touchpoints::list(db, &of, &page, as_of)).await
    }

    async fn count_touchpoints(&self, of: &[Of], filter: &TouchpointFilter) -> Result<Vec<i64>> {
        let (of, filter) = (of.to_vec(), filter.clone());
        self.read(move |db, as_of| touchpoints::count(db, &of, &filter, as_of)).await
    }

    async fn count_touchpoints_in_buckets(&self, of: &[Of], window: Buckets) -> Result<Vec<BucketCounts>> {
        let of = of.to_vec();
        self.read(move |db, as_of| touchpoints::count_in_buckets(db, &of, window, as_of)).await
    }

    async fn orders(&self, keys: &[OrderKey]) -> Result<Vec<Option<Order>>> {
        let keys = keys.to_vec();
        self.read(move |db, as_of| orders::fetch(db, &keys, as_of)).await
    }

    async fn list_orders(&self, of: &[Of], page: &OrderPage) -> Result<Vec<Page<Order>>> {
        let (of, page) = (of.to_vec(), page.clone());
        self.read(move |db, as_of| orders::list(db, &of, &page, as_of)).await
    }

    async fn count_orders(&self, of: &[Of], since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Vec<i64>> {
        let of = of.to_vec();
        self.read(move |db, as_of| orders::count(db, &of, since, until, as_of)).await
    }

    async fn devices(&self, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>> {
        let keys = keys.to_vec();
        self.read(move |db, as_of| devices::fetch(db, &keys, as_of)).await
    }

    async fn list_devices(&self, of: &[Of]) -> Result<Vec<Vec<Device>>> {
        let of = of.to_vec();
        self.read(move |db, as_of| devices::list(db, &of, as_of)).await
    }

    async fn list_links(&self, of: &[Of], page: &LinkPage) -> Result<Vec<Page<Link>>> {
        let (of, page) = (of.to_vec(), page.clone());
        self.read(move |db, as_of| links::list(db, &of, &page, as_of)).await
    }

    async fn count_links(&self, of: &[Of], refused: Option<bool>) -> Result<Vec<i64>> {
        let of = of.to_vec();
        self.read(move |db, as_of| links::count(db, &of, refused, as_of)).await
    }

    async fn links(&self, keys: &[LinkKey]) -> Result<Vec<Option<Link>>> {
        let keys = keys.to_vec();
        self.read(move |db, as_of| links::fetch(db, &keys, as_of)).await
    }

    async fn products(&self, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>> {
        let skus = skus.to_vec();
        self.read(move |db, as_of| products::fetch(db, &skus, as_of)).await
    }

    async fn product_acts(&self, customers: &[CustomerId]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
        let customers = customers.to_vec();
        self.read(move |db, as_of| products::acts_and_orders(db, &customers, as_of)).await
    }

    async fn list_identity_events(
        &self,
        customers: &[CustomerId],
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Vec<Page<IdentityEvent>>> {
        let customers = customers.to_vec();
        self.read(move |db, as_of| identity_events::list(db, &customers, after, limit, as_of)).await
    }

    async fn count_identity_events(&self, customers: &[CustomerId]) -> Result<Vec<i64>> {
        let customers = customers.to_vec();
        self.read(move |db, as_of| identity_events::count(db, &customers, as_of)).await
    }

    async fn identity_events(&self, arrivals: &[Arrival]) -> Result<Vec<Option<IdentityEvent>>> {
        let arrivals = arrivals.to_vec();
        self.read(move |db, as_of| identity_events::fetch(db, &arrivals, as_of)).await
    }

    async fn kept_apart(&self, ids: &[IdentifierId]) -> Result<Vec<Vec<IdentifierId>>> {
        let ids = ids.to_vec();
        self.read(move |db, as_of| decisions::kept_apart(db, &ids, as_of)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fact::{Fact, FactIdentifier};
    use crate::settings::Settings;
    use crate::store::StoreError;

    fn batch(n: usize) -> Batch {
        let one = |m| {
            let key = IdentifierKey::new("user_id", format!("of {n} {m} {}", "x".repeat(800)));
            Fact::naming(format!("m{n}-{m}"), "test", Timestamp(1), vec![FactIdentifier { key, listed: true }])
        };
        Batch { facts: (0..50).map(one).collect() }
    }

    /// Simulates a full disk: SQLite accepts no more pages.
    #[tokio::test]
    async fn a_full_disk_stops_writes_until_there_is_space_and_loses_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("a.db"), SqliteOptions::default()).expect("a store");
        store.set_up().await.expect("a database");
        let rules = Settings::default().identity_rules();
        store.apply(&rules, &batch(0), Timestamp(1)).await.expect("applied");
        store.check_writes().await.expect("all is well");
        let pages = async |most: Option<i64>| {
            let set = move |db: &mut Connection| {
                let now: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
                Ok(db
                    .pragma_update_and_check(None, "max_page_count", most.unwrap_or(now), |row| row.get::<_, i64>(0))?)
            };
            store.pool.write_quietly(set).await.expect("a limit")
        };
        pages(None).await;
        let mut stored = 1;
        let error = loop {
            match store.apply(&rules, &batch(stored), Timestamp(1)).await {
                Ok(_) if stored < 100 => stored += 1,
                done => break done.expect_err("full"),
            }
        };
        assert!(matches!(error, StoreError::Full(_)) && error.stops_writes() && !error.is_transient(), "{error}");
        assert_eq!(store.status().await.expect("reads go on").change, stored as i64);
        pages(Some(1 << 20)).await;
        store.apply(&rules, &batch(stored), Timestamp(1)).await.expect("applied");
        store.check_writes().await.expect("there is space again");
        assert_eq!(store.status().await.expect("a status").change, stored as i64 + 1);
    }

    #[tokio::test]
    async fn a_database_that_is_read_only_is_told_and_tried_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("a.db"), SqliteOptions::default()).expect("a store");
        store.set_up().await.expect("a database");
        let rules = Settings::default().identity_rules();
        store.pool.write_quietly(|db| Ok(db.pragma_update(None, "query_only", true)?)).await.expect("read-only");
        let error = store.apply(&rules, &batch(0), Timestamp(1)).await.expect_err("read-only");
        assert!(matches!(error, StoreError::ReadOnly(_)) && error.stops_writes(), "{error}");
        assert!(store.pool.writes_may_fail());
        // It opens the file again, as after a repair.
        store.check_writes().await.expect("mended");
        assert!(!store.pool.writes_may_fail());
        store.apply(&rules, &batch(0), Timestamp(1)).await.expect("applied");
    }
}
