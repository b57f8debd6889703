//! Batches of facts into the store: what `previousId` of an alias is, and which event is guilty
//! when the store refuses a batch.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::clock::Clock;
use super::event::Read;
use super::identifiers::Previous;
use super::judge::Judges;
use crate::domain::IdentifierKey;
use crate::stitching::{Batch, Outcome};
use crate::store::query::IdentifierRef;
use crate::store::{Applied, Store, StoreError};

/// The most facts that are written together.
pub const BATCH: usize = 1_000;

/// How often the rules may be saved anew while one batch is written.
const MOST_RENEWALS: u32 = 20;

/// Writes to one store under its newest rules.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) judges: Judges,
    pub(crate) clock: Clock,
}

impl Writer {
    /// Writes facts in their order, one outcome each. A store that refuses a batch gets it by
    /// halves, until each event stands alone that it will not take; the others are written.
    ///
    /// # Errors
    /// Of the store, after its own retries. Part of the facts may be written then; the same facts
    /// again are safe.
    pub(crate) async fn write(&self, reads: Vec<Read>) -> Result<Applied, StoreError> {
        let mut applied = Applied { change: 0, outcomes: Vec::with_capacity(reads.len()), devices: Vec::new() };
        // Parts that are still to be written, the next one last.
        let mut parts = vec![self.resolve(reads).await?];
        let mut renewals = 0;
        while let Some(mut part) = parts.pop() {
            match self.store.apply(&self.judges.now().rules, &part, (self.clock)()).await {
                Ok(done) => {
                    applied.change = done.change;
                    applied.outcomes.extend(done.outcomes);
                    applied.devices.extend(done.devices);
                }
                Err(StoreError::Refused(reason)) if part.facts.len() <= 1 => {
                    applied.outcomes.extend(part.facts.iter().map(|_| Outcome::Refused { reason: reason.clone() }));
                }
                Err(StoreError::Refused(_)) => {
                    let second = part.facts.split_off(part.facts.len() / 2);
                    parts.push(Batch { facts: second });
                    parts.push(part);
                }
                // Others were saved since the last batch. Its identifiers are put in the order of the new ones
                // when it is planned; a value that they block was read before they did.
                Err(StoreError::RulesChanged(_)) if renewals < MOST_RENEWALS => {
                    renewals += 1;
                    self.judges.renew(&*self.store, &self.clock).await?;
                    parts.push(part);
                }
                Err(fault) => return Err(fault),
            }
        }
        if applied.change == 0 {
            applied.change = self.store.status().await?.change;
        }
        Ok(applied)
    }

    /// Makes `previousId` of each alias the user_id it is, when that exists: in the store, or by an
    /// event before it.
    async fn resolve(&self, reads: Vec<Read>) -> Result<Batch, StoreError> {
        let asked: Vec<IdentifierRef> =
            reads.iter().filter_map(|r| Some(IdentifierRef::Key(r.previous.as_ref()?.as_user.clone()))).collect();
        let mut facts = Vec::with_capacity(reads.len());
        if asked.is_empty() {
            facts.extend(reads.into_iter().map(|read| read.fact));
            return Ok(Batch { facts });
        }
        let found = self.store.identifiers(&asked).await?;
        let mut users: FxHashSet<IdentifierKey> = found.into_iter().flatten().map(|i| i.key).collect();
        for Read { mut fact, previous, .. } in reads {
            if let Some(previous) = previous.filter(|Previous { as_user, .. }| users.contains(as_user)) {
                self.judges.now().reader.identifiers().is_user(&mut fact.identifiers, &previous);
            }
            users.extend(fact.identifiers.iter().map(|i| i.key.clone()));
            facts.push(fact);
        }
        Ok(Batch { facts })
    }
}
