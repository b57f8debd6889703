//! A store for tests of ingest: it remembers messages and identifiers, and a test sets its behaviour. Other tests check
//! real stores.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::store::IngestStore;
use crate::domain::customer::CustomerId;
use crate::domain::fact::Fact;
use crate::domain::order::OrderAct;
use crate::domain::rules::{IdentityRules, SavedRules, WrittenRules};
use crate::domain::{IdentifierId, IdentifierKey, Timestamp};
use crate::stitching::{Batch, DecisionRequest, Heard, Outcome};
use crate::store::rules::RulesInForce;
use crate::store::visits::VisitsAssigned;
use crate::store::{Applied, AppliedDecision, Result, StoreError};

pub(crate) struct FakeStore {
    pub(crate) stored: Mutex<Vec<Fact>>,
    pub(crate) identifiers: Mutex<HashSet<IdentifierKey>>,
    /// The sizes of all batches.
    pub(crate) batches: Mutex<Vec<usize>>,
    /// Message ids for which it refuses a batch.
    pub(crate) refuses: HashSet<String>,
    /// While set, every batch gets the error that the store is away.
    pub(crate) away: AtomicBool,
    /// A message id for which it panics.
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
impl IngestStore for Arc<FakeStore> {
    fn batch_size(&self) -> usize {
        1_000
    }

    async fn until_set_up(&self) {}

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
            outcomes.push(Outcome::Created { customer, heard: Heard { waits, ..Heard::default() } });
            stored.push(fact.clone());
        }
        Ok(Applied { change: stored.len() as i64, outcomes, devices: Vec::new() })
    }

    async fn decide(&self, _: &IdentityRules, _: &DecisionRequest, _: Timestamp, _: bool) -> Result<AppliedDecision> {
        Err(StoreError::Setup("the fake store takes no decisions".into()))
    }

    async fn assign_visits(
        &self,
        _: &IdentityRules,
        _: &[IdentifierId],
        _: usize,
        _: Timestamp,
    ) -> Result<Option<VisitsAssigned>> {
        Ok(None)
    }

    async fn rules(&self) -> Result<Option<RulesInForce>> {
        Ok(None)
    }

    async fn begin_rules(&self, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce> {
        let (rules, saved_by) = (first.clone(), "settings".into());
        Ok(RulesInForce { saved: SavedRules { version: 1, saved_at: at, saved_by, note: None, rules }, applied: 1 })
    }

    async fn last_change(&self) -> Result<i64> {
        Ok(self.stored.lock().expect("a lock").len() as i64)
    }

    async fn stored(&self, keys: Vec<IdentifierKey>) -> Result<Vec<IdentifierKey>> {
        let known = self.identifiers.lock().expect("a lock");
        Ok(keys.into_iter().filter(|key| known.contains(key)).collect())
    }
}
