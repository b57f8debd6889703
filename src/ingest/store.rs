//! The store operations that ingest needs. Every [`Store`] has these, and so does a fake for tests.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::rules::{IdentityRules, WrittenRules};
use crate::domain::{IdentifierId, IdentifierKey, Timestamp};
use crate::stitching::{Batch, DecisionRequest};
use crate::store::query::IdentifierRef;
use crate::store::rules::RulesInForce;
use crate::store::visits::VisitsAssigned;
use crate::store::{Applied, AppliedDecision, Result, Store};

/// The store operations that ingest needs; [`Store`] describes each.
#[async_trait]
pub trait IngestStore: Send + Sync + 'static {
    /// The best batch size for the import of a long file, in facts.
    fn batch_size(&self) -> usize;
    /// Waits until the store was set up.
    async fn until_set_up(&self);
    /// Writes a batch.
    async fn apply(&self, rules: &IdentityRules, batch: &Batch, at: Timestamp) -> Result<Applied>;
    /// Writes a person's decision, or tries it.
    async fn decide(
        &self,
        rules: &IdentityRules,
        ruling: &DecisionRequest,
        at: Timestamp,
        trial: bool,
    ) -> Result<AppliedDecision>;
    /// Assigns one piece of the recorded visits.
    async fn assign_visits(
        &self,
        rules: &IdentityRules,
        devices: &[IdentifierId],
        most: usize,
        at: Timestamp,
    ) -> Result<Option<VisitsAssigned>>;
    /// The newest rules.
    async fn rules(&self) -> Result<Option<RulesInForce>>;
    /// Saves `first` as the first version of the rules when there is none.
    async fn begin_rules(&self, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce>;
    /// The number of the last change.
    async fn last_change(&self) -> Result<i64>;
    /// The stored identifiers among `keys`.
    async fn stored(&self, keys: Vec<IdentifierKey>) -> Result<Vec<IdentifierKey>>;
}

#[async_trait]
impl<S: Store + ?Sized> IngestStore for Arc<S> {
    fn batch_size(&self) -> usize {
        Store::batch_size(&**self)
    }

    async fn until_set_up(&self) {
        Store::until_set_up(&**self).await;
    }

    async fn apply(&self, rules: &IdentityRules, batch: &Batch, at: Timestamp) -> Result<Applied> {
        Store::apply(&**self, rules, batch, at).await
    }

    async fn decide(
        &self,
        rules: &IdentityRules,
        ruling: &DecisionRequest,
        at: Timestamp,
        trial: bool,
    ) -> Result<AppliedDecision> {
        Store::decide(&**self, rules, ruling, at, trial).await
    }

    async fn assign_visits(
        &self,
        rules: &IdentityRules,
        devices: &[IdentifierId],
        most: usize,
        at: Timestamp,
    ) -> Result<Option<VisitsAssigned>> {
        (**self).assign_visits(rules, devices, most, at).await
    }

    async fn rules(&self) -> Result<Option<RulesInForce>> {
        (**self).rules().await
    }

    async fn begin_rules(&self, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce> {
        (**self).begin_rules(first, at).await
    }

    async fn last_change(&self) -> Result<i64> {
        Ok(self.status().await?.change)
    }

    async fn stored(&self, keys: Vec<IdentifierKey>) -> Result<Vec<IdentifierKey>> {
        let keys: Vec<IdentifierRef> = keys.into_iter().map(IdentifierRef::Key).collect();
        Ok(self.identifiers(&keys).await?.into_iter().flatten().map(|found| found.key).collect())
    }
}
