//! Writes batches of facts: it finds the kind of an alias's `previousId`, and the bad event when the store refuses a
//! batch.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::active_rules::SharedRules;
use super::clock::Clock;
use super::event::Read;
use super::identifiers::Previous;
use super::store::IngestStore;
use crate::domain::IdentifierKey;
use crate::stitching::batch::SetName;
use crate::stitching::{Batch, Outcome};
use crate::store::{Applied, StoreError};

/// The most facts that are written together.
pub const BATCH: usize = 1_000;

/// The most pairs of identifiers in facts that are written together, since each pair may be a row. Ordinary facts have
/// few identifiers.
const MOST_PAIRS: usize = 200_000;
/// A fact with at most this many identifiers has few pairs.
const FEW: usize = 10;

/// How often newer rules may be saved while one batch is written.
const MOST_RENEWALS: u32 = 20;

/// A batch in parts with a limited number of pairs, the first part last. A fact is never split. A set of identifiers
/// that comes again has no new pairs.
fn in_parts(batch: Batch) -> Vec<Batch> {
    let mut parts: Vec<Batch> = Vec::new();
    let mut sets: FxHashSet<SetName> = FxHashSet::default();
    let mut pairs = 0;
    for fact in batch.facts {
        let identifiers = fact.identifiers.len();
        let own = identifiers * identifiers.saturating_sub(1) / 2;
        // For small sets a name is not worth its time.
        let set = (identifiers > FEW).then(|| SetName::of(&fact.identifiers));
        let known = set.as_ref().is_some_and(|set| sets.contains(set));
        match parts.last_mut() {
            Some(part) if known || pairs + own <= MOST_PAIRS => part.facts.push(fact),
            _ => {
                (pairs, sets) = (0, FxHashSet::default());
                parts.push(Batch { facts: vec![fact] });
            }
        }
        pairs += if known { 0 } else { own };
        sets.extend(set);
    }
    parts.reverse();
    parts
}

/// Writes to one store with its newest rules.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) store: Arc<dyn IngestStore>,
    pub(crate) rules: SharedRules,
    pub(crate) clock: Clock,
}

impl Writer {
    /// Writes facts in their order, one outcome each. A batch that the store refuses is halved until each bad event is
    /// found; the other events are written.
    ///
    /// # Errors
    /// Errors of the store, after its own retries. Some of the facts may be written then. It is safe to write the same
    /// facts again.
    pub(crate) async fn write(&self, reads: Vec<Read>) -> Result<Applied, StoreError> {
        let mut applied = Applied { change: 0, outcomes: Vec::with_capacity(reads.len()), devices: Vec::new() };
        // The parts to write, the next one last.
        let mut parts = in_parts(self.resolve(reads).await?);
        let mut renewals = 0;
        while let Some(mut part) = parts.pop() {
            match self.store.apply(&self.rules.active().rules, &part, (self.clock)()).await {
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
                // Newer rules were saved since the last batch. The plan sorts identifiers by the new rules. A value
                // that the new rules block was read before, so it stays.
                Err(StoreError::RulesChanged(_)) if renewals < MOST_RENEWALS => {
                    renewals += 1;
                    self.rules.renew(&*self.store, &self.clock).await?;
                    parts.push(part);
                }
                Err(fault) => return Err(fault),
            }
        }
        if applied.change == 0 {
            applied.change = self.store.last_change().await?;
        }
        Ok(applied)
    }

    /// Replaces `previousId` of each alias by a user_id, if this user_id exists in the store or in an earlier event.
    async fn resolve(&self, reads: Vec<Read>) -> Result<Batch, StoreError> {
        let asked: Vec<IdentifierKey> =
            reads.iter().filter_map(|r| Some(r.previous.as_ref()?.as_user.clone())).collect();
        let mut facts = Vec::with_capacity(reads.len());
        if asked.is_empty() {
            facts.extend(reads.into_iter().map(|read| read.fact));
            return Ok(Batch { facts });
        }
        let mut users: FxHashSet<IdentifierKey> = self.store.stored(asked).await?.into_iter().collect();
        for Read { mut fact, previous, .. } in reads {
            if let Some(previous) = previous.filter(|Previous { as_user, .. }| users.contains(as_user)) {
                self.rules.active().reader.identifiers().is_user(&mut fact.identifiers, &previous);
            }
            users.extend(fact.identifiers.iter().map(|i| i.key.clone()));
            facts.push(fact);
        }
        Ok(Batch { facts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::fact::{Fact, FactIdentifier};

    fn fact(id: usize, of: usize, identifiers: usize) -> Fact {
        let named = |n: usize| FactIdentifier { key: IdentifierKey::new("email", format!("{of}/{n}")), listed: true };
        Fact::naming(id.to_string(), "shop", Timestamp(0), (0..identifiers).map(named).collect())
    }

    #[test]
    fn facts_with_many_identifiers_are_written_in_smaller_batches_and_in_their_order() {
        let sizes_of = |facts: Vec<Fact>| {
            let count = facts.len();
            let mut parts = in_parts(Batch { facts });
            parts.reverse();
            let ids = parts.iter().flat_map(|part| &part.facts).map(|fact| fact.message_id.to_string());
            assert!(ids.eq((0..count).map(|id| id.to_string())));
            parts.iter().map(|part| part.facts.len()).collect::<Vec<_>>()
        };
        let parts = |sizes: &[usize]| sizes_of(sizes.iter().enumerate().map(|(n, size)| fact(n, n, *size)).collect());
        assert_eq!(parts(&[3; 5_000]), [5_000], "ordinary ones stay together");
        assert_eq!(parts(&[100; 1_000])[..2], [40, 40]);
        assert_eq!(parts(&[100; 1_000]).len(), 25);
        assert_eq!(parts(&[2_000, 1, 0, 2_000]), [1, 2, 1], "one alone is written whole");
        assert!(parts(&[]).is_empty());
        assert_eq!(sizes_of((0..1_000).map(|n| fact(n, n % 40, 100)).collect()), [1_000], "the same 40 sets again");
        assert_eq!(sizes_of((0..1_000).map(|n| fact(n, n % 41, 100)).collect())[0], 40);
    }
}
