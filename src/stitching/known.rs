//! What the store already knows of a batch, read under its locks.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::batch::SetName;
use crate::domain::claim::Claim;
use crate::domain::consent::ConsentGiven;
use crate::domain::customer::CustomerId;
use crate::domain::decision::{Decision, Side};
use crate::domain::identifier::Identifier;
use crate::domain::order::{OrderEvent, OrderKey};
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// The answer to: what is stored that this batch may touch?
///
/// Complete means: every stored identifier that a fact names or that owns an order a fact is
/// about; the customers who hold those; and every identifier that those customers hold.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Messages of the batch that are stored already, with the customer of their owner now.
    pub messages: FxHashMap<Arc<str>, Option<CustomerId>>,
    /// Identifiers, each once.
    pub identifiers: Vec<Identifier>,
    /// The customers who hold them, each once.
    pub customers: Vec<KnownCustomer>,
    /// Where those identifiers stand in what people decided.
    pub sides: Vec<Side>,
    /// Who the customers became that a person named; only for [`decide`](super::decide()).
    pub living: FxHashMap<CustomerId, CustomerId>,
    /// What is told of the identifiers in `told`, which are those that a plan [asked for](super::Planned).
    pub story: Story,
    /// Identifiers whose story is there, whole.
    pub told: FxHashSet<IdentifierId>,
    /// Identifiers of whose story there is what they allowed and forbade.
    pub consents_told: FxHashSet<IdentifierId>,
    /// The latest sets that were kept of devices, the latest first and at most [`SIGHTINGS`](super::sharing::SIGHTINGS)
    /// of each; of those that a plan asked for. What they name is among the identifiers.
    pub sightings: FxHashMap<IdentifierId, Vec<Evidence>>,
    /// Who was refused in a message before, and by which rules: in those of [`Batch::refusing`](super::Batch::refusing)
    /// and of [`settle::refusing`](super::settle::refusing).
    pub refused: RefusedBefore,
    /// The last outcome on record for each of the batch's sets of identifiers.
    pub evidence: FxHashMap<SetName, OnRecord>,
    /// Everything said so far about the batch's orders; an order nobody spoke of is absent.
    pub orders: FxHashMap<OrderKey, Vec<OrderEvent>>,
    /// The present claims of [`Batch::claimants`](super::Batch::claimants).
    pub claims: Vec<Claim>,
    /// The consents held by the customers of [`Batch::consenters`](super::Batch::consenters).
    pub consents: Vec<ConsentGiven>,
}

impl Known {
    /// Of these identifiers those that are not among the known ones.
    pub fn missing(&self, ids: impl IntoIterator<Item = IdentifierId>) -> BTreeSet<IdentifierId> {
        let known: FxHashSet<IdentifierId> = self.identifiers.iter().map(|identifier| identifier.id).collect();
        ids.into_iter().filter(|id| !known.contains(id)).collect()
    }
}

/// Who was refused in which message, and by which rules.
pub type RefusedBefore = FxHashMap<(Arc<str>, IdentifierId), Vec<Arc<str>>>;

/// What became of a set of identifiers the last time that it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnRecord {
    /// A letter for each, as in [`EvidenceRow`](super::plan::EvidenceRow).
    pub outcomes: Arc<str>,
    /// The version of the rules that judged it.
    pub rules_version: i64,
}

/// A customer that holds some identifier of the batch.
#[derive(Clone, Debug)]
pub struct KnownCustomer {
    /// Its id.
    pub id: CustomerId,
    /// When it was given out.
    pub born: Arrival,
}

/// What has to be known of identifiers to work out again who they belong to.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// Every set that names one of them, in any order.
    pub evidence: Vec<Evidence>,
    /// Which message each evidence is kept of.
    pub said: FxHashMap<Arrival, Said>,
    /// Every decision that names one of them, in any order.
    pub decisions: Vec<Decision>,
    /// The customers merged into those who hold them, directly or through others.
    pub former: Vec<Former>,
    /// Every decision about their data that they hold or held, with whether they hold it still.
    pub gave: Vec<(ConsentGiven, bool)>,
}

/// A set of identifiers that were seen together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its place.
    pub arrival: Arrival,
    /// The set, strongest first as it was given.
    pub identifiers: Vec<IdentifierId>,
    /// The version of the rules that judged it.
    pub rules_version: i64,
}

/// A message in which identifiers were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its id.
    pub message_id: Arc<str>,
    /// Who sent it.
    pub source: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
}

/// A customer that was merged away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// Its id.
    pub id: CustomerId,
    /// When it was given out.
    pub born: Arrival,
    /// The change in which it was merged away.
    pub merged: i64,
    /// The identifiers it had then.
    pub identifiers: Vec<IdentifierId>,
}
