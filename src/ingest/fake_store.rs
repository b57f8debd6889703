//! A store for tests of what comes before it: it remembers messages and identifiers, and does what
//! the test wants of it. What stores mean is tested on real ones.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::domain::change::{ChangePlace, ChangeRun, IdentityEvent};
use crate::domain::consent::Consent;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::decision::Decision;
use crate::domain::device::Device;
use crate::domain::fact::Fact;
use crate::domain::health::Health;
use crate::domain::identifier::Identifier;
use crate::domain::link::{Link, LinkExplanation};
use crate::domain::order::{Order, OrderAct, OrderKey};
use crate::domain::page::Page;
use crate::domain::product::{Product, ProductActed};
use crate::domain::rollup::Rollup;
use crate::domain::rules::{IdentityRules, SavedRules, WrittenRules};
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, IdentifierKey, Moment, Timestamp};
use crate::journeys::property::Properties;
use crate::journeys::row::{HeldConsent, OrderNow};
use crate::stitching::known::Evidence;
use crate::stitching::settle::Move;
use crate::stitching::visits::Seen;
use crate::stitching::{Batch, Outcome, Ruling};
use crate::store::journeys::{ConsentPage, JourneySource, TouchpointSink, Window};
use crate::store::query::*;
use crate::store::rules::{ClaimPage, NewRules, Rulebook, RulesInForce, Settled, Stood};
use crate::store::visits::{OwnerMove, Visits, VisitsJudged};
use crate::store::{Applied, Decided, Reads, Result, Store, StoreError, StoreStatus};

pub(crate) struct FakeStore {
    pub(crate) stored: Mutex<Vec<Fact>>,
    pub(crate) identifiers: Mutex<HashSet<IdentifierKey>>,
    /// The sizes of the batches that were tried.
    pub(crate) batches: Mutex<Vec<usize>>,
    /// Message ids that make it refuse a batch.
    pub(crate) refuses: HashSet<String>,
    /// While set, every batch finds the store away.
    pub(crate) away: AtomicBool,
    /// A message id that makes it panic.
    pub(crate) panics_at: Option<String>,
    /// Each commit takes one of these.
    pub(crate) commits: Semaphore,
}

impl FakeStore {
    pub(crate) fn new() -> Self {
        FakeStore {
            stored: Mutex::default(),
            identifiers: Mutex::default(),
            batches: Mutex::default(),
            refuses: HashSet::new(),
            away: AtomicBool::new(false),
            panics_at: None,
            commits: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }

    /// The message ids that are stored, in order.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.stored.lock().expect("a lock").iter().map(|f| f.message_id.to_string()).collect()
    }

    pub(crate) fn facts(&self) -> Vec<Fact> {
        self.stored.lock().expect("a lock").clone()
    }
}

#[async_trait]
impl Store for FakeStore {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn set_up(&self) -> Result<()> {
        Ok(())
    }

    async fn until_set_up(&self) {}

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn check_writes(&self) -> Result<()> {
        Ok(())
    }

    async fn apply(&self, _: &IdentityRules, batch: &Batch, _: Timestamp) -> Result<Applied> {
        self.batches.lock().expect("a lock").push(batch.facts.len());
        self.commits.acquire().await.expect("open").forget();
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Away("nobody answers".into()));
        }
        if batch.facts.iter().any(|f| self.refuses.contains(&*f.message_id)) {
            return Err(StoreError::Refused("a value too large to index".into()));
        }
        assert!(!batch.facts.iter().any(|f| Some(&*f.message_id) == self.panics_at.as_deref()), "as the test wants");
        let mut stored = self.stored.lock().expect("a lock");
        let mut outcomes = Vec::new();
        for fact in &batch.facts {
            self.identifiers.lock().expect("a lock").extend(fact.identifiers.iter().map(|i| i.key.clone()));
            let customer = Some(CustomerId(fact.identifiers[0].key.to_string().into()));
            if stored.iter().any(|f| f.message_id == fact.message_id) {
                outcomes.push(Outcome::Unchanged { customer });
                continue;
            }
            let waits = fact.order.as_ref().is_some_and(|(_, e)| !matches!(e.act, OrderAct::Completed(_)));
            outcomes.push(Outcome::Created { customer, waits, other_currency: false });
            stored.push(fact.clone());
        }
        Ok(Applied { change: stored.len() as i64, outcomes, devices: Vec::new() })
    }

    async fn why_linked(&self, _: &IdentifierKey, _: &IdentifierKey) -> Result<Option<LinkExplanation>> {
        nobody_asks()
    }

    async fn decide(&self, _: &IdentityRules, _: &Ruling, _: Timestamp, _: bool) -> Result<Decided> {
        nobody_asks()
    }

    async fn identity_health(&self) -> Result<Health> {
        nobody_asks()
    }

    async fn largest_customers(&self, _: usize) -> Result<Vec<(CustomerId, i64)>> {
        nobody_asks()
    }

    async fn status(&self) -> Result<StoreStatus> {
        let stored = self.stored.lock().expect("a lock");
        let customers: BTreeSet<_> = stored.iter().map(|f| f.identifiers[0].key.clone()).collect();
        Ok(StoreStatus {
            customers: customers.len() as i64,
            touchpoints: stored.iter().filter(|f| f.touchpoint.is_some()).count() as i64,
            change: stored.len() as i64,
            changed_at: Timestamp(0),
        })
    }

    async fn counter_and_log(&self) -> Result<(i64, i64)> {
        nobody_asks()
    }

    fn mending_counter(&self) -> String {
        String::new()
    }

    async fn moment(&self, _: Timestamp) -> Result<Option<Moment>> {
        nobody_asks()
    }

    fn as_of(&self, _: Moment) -> Arc<dyn Reads> {
        Arc::new(FakeStore::new())
    }

    fn gauges(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    async fn list_customers(&self, _: &CustomerList) -> Result<Page<(CustomerId, CustomerSortKey)>> {
        nobody_asks()
    }

    async fn count_customers(&self, _: &CustomerFilter) -> Result<i64> {
        nobody_asks()
    }

    async fn changes(&self, _: ChangePlace, _: usize) -> Result<ChangeRun> {
        nobody_asks()
    }

    fn commits(&self) -> tokio::sync::watch::Receiver<u64> {
        tokio::sync::watch::Sender::new(0).subscribe()
    }

    async fn became(&self, _: &CustomerId, _: i64) -> Result<Vec<CustomerId>> {
        nobody_asks()
    }

    async fn consents(&self, _: &[Arrival]) -> Result<Vec<Option<Consent>>> {
        nobody_asks()
    }
}

#[async_trait]
impl Reads for FakeStore {
    async fn identifiers(&self, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>> {
        let known = self.identifiers.lock().expect("a lock");
        let identifier = |key: &IdentifierKey| Identifier {
            id: Arrival(1),
            key: key.clone(),
            first_seen_at: Timestamp(0),
            last_seen_at: Timestamp(0),
            customer: None,
            rollup: Rollup::default(),
            shared_since: None,
        };
        let find = |asked: &IdentifierRef| match asked {
            IdentifierRef::Key(key) => known.contains(key).then(|| identifier(key)),
            IdentifierRef::Id(_) => None,
        };
        Ok(keys.iter().map(find).collect())
    }

    async fn customers(
        &self,
        _: &[CustomerKey],
        _: Shape,
        _: FirstPages,
    ) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
        nobody_asks()
    }

    async fn touchpoints(&self, _: &[Arc<str>]) -> Result<Vec<Option<Touchpoint>>> {
        nobody_asks()
    }

    async fn list_touchpoints(&self, _: &[Of], _: &TouchpointPage) -> Result<Vec<Page<Touchpoint>>> {
        nobody_asks()
    }

    async fn count_touchpoints(&self, _: &[Of], _: &TouchpointFilter) -> Result<Vec<i64>> {
        nobody_asks()
    }

    async fn orders(&self, _: &[OrderKey]) -> Result<Vec<Option<Order>>> {
        nobody_asks()
    }

    async fn list_orders(&self, _: &[Of], _: &OrderPage) -> Result<Vec<Page<Order>>> {
        nobody_asks()
    }

    async fn count_orders(&self, _: &[Of], _: Option<Timestamp>, _: Option<Timestamp>) -> Result<Vec<i64>> {
        nobody_asks()
    }

    async fn devices(&self, _: &[Arc<str>]) -> Result<Vec<Option<Device>>> {
        nobody_asks()
    }

    async fn list_devices(&self, _: &[Of]) -> Result<Vec<Vec<Device>>> {
        nobody_asks()
    }

    async fn list_links(&self, _: &[Of], _: &LinkPage) -> Result<Vec<Page<Link>>> {
        nobody_asks()
    }

    async fn count_links(&self, _: &[Of], _: Option<bool>) -> Result<Vec<i64>> {
        nobody_asks()
    }

    async fn links(&self, _: &[LinkKey]) -> Result<Vec<Option<Link>>> {
        nobody_asks()
    }

    async fn products(&self, _: &[Arc<str>]) -> Result<Vec<Option<Product>>> {
        nobody_asks()
    }

    async fn product_acts(&self, _: &[CustomerId]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
        nobody_asks()
    }

    async fn list_identity_events(
        &self,
        _: &[CustomerId],
        _: Option<Arrival>,
        _: usize,
    ) -> Result<Vec<Page<IdentityEvent>>> {
        nobody_asks()
    }

    async fn count_identity_events(&self, _: &[CustomerId]) -> Result<Vec<i64>> {
        nobody_asks()
    }

    async fn identity_events(&self, _: &[Arrival]) -> Result<Vec<Option<IdentityEvent>>> {
        nobody_asks()
    }

    async fn kept_apart(&self, _: &[IdentifierId]) -> Result<Vec<Vec<IdentifierId>>> {
        nobody_asks()
    }

    async fn list_seen(&self, _: IdentifierId, _: Timestamp, _: usize) -> Result<Vec<Seen>> {
        nobody_asks()
    }
}

#[async_trait]
impl Visits for FakeStore {
    async fn judge_visits(
        &self,
        _: &IdentityRules,
        _: &[IdentifierId],
        _: usize,
        _: Timestamp,
    ) -> Result<Option<VisitsJudged>> {
        Ok(None)
    }

    async fn owner_moves(&self, _: i64, _: i64) -> Result<Vec<OwnerMove>> {
        nobody_asks()
    }
}

#[async_trait]
impl JourneySource for FakeStore {
    async fn scan_touchpoints(
        &self,
        _: Window,
        _: usize,
        _: &Arc<Properties>,
        _: &TouchpointSink,
    ) -> Result<Option<Arrival>> {
        nobody_asks()
    }

    async fn scan_members(
        &self,
        _: i64,
        _: Option<IdentifierId>,
        _: usize,
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
        nobody_asks()
    }

    async fn scan_orders(&self, _: Option<&OrderKey>, _: usize) -> Result<Vec<OrderNow>> {
        nobody_asks()
    }

    async fn scan_held_consents(&self, _: Option<IdentifierId>, _: usize) -> Result<ConsentPage> {
        nobody_asks()
    }

    async fn members_at(
        &self,
        _: i64,
        _: &[CustomerId],
        _: &[IdentifierId],
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
        nobody_asks()
    }

    async fn held_consents_at(&self, _: i64, _: &[IdentifierId]) -> Result<Vec<Vec<HeldConsent>>> {
        nobody_asks()
    }
}

#[async_trait]
impl Rulebook for FakeStore {
    async fn rules(&self) -> Result<Option<RulesInForce>> {
        Ok(None)
    }

    async fn begin_rules(&self, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce> {
        let (rules, saved_by) = (first.clone(), "settings".into());
        Ok(RulesInForce { saved: SavedRules { version: 1, saved_at: at, saved_by, note: None, rules }, applied: 1 })
    }

    async fn save_rules(&self, _: &NewRules, _: Timestamp) -> Result<Option<(SavedRules, i64)>> {
        nobody_asks()
    }

    async fn rules_applied(&self, _: i64) -> Result<()> {
        nobody_asks()
    }

    async fn has_kind(&self, _: &str) -> Result<bool> {
        nobody_asks()
    }

    async fn scan_identifiers(&self, _: i64, _: Option<Arrival>, _: usize) -> Result<Vec<Stood>> {
        nobody_asks()
    }

    async fn scan_evidence(&self, _: i64, _: Option<Arrival>, _: usize) -> Result<Vec<(Evidence, Timestamp)>> {
        nobody_asks()
    }

    async fn scan_claims(&self, _: &[Arc<str>], _: i64, _: Option<Arrival>, _: usize) -> Result<ClaimPage> {
        nobody_asks()
    }

    async fn scan_decisions(&self, _: i64, _: Option<Arrival>, _: usize) -> Result<Vec<Decision>> {
        nobody_asks()
    }

    async fn settle(&self, _: &IdentityRules, _: &[Move], _: Timestamp) -> Result<Settled> {
        nobody_asks()
    }
}

fn nobody_asks<T>() -> Result<T> {
    Err(StoreError::Setup("the fake store answers no queries".into()))
}
