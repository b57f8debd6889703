//! The stored rows of a batch, read under its locks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::batch::SetName;
use crate::domain::claim::{Claim, ClaimFact};
use crate::domain::consent::ConsentGiven;
use crate::domain::customer::CustomerId;
use crate::domain::decision::{Decision, Side};
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::order::{OrderEvent, OrderKey};
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// The stored rows that a batch may change.
///
/// It is complete: it has every stored identifier of a fact, every owner of a fact's order, the customers of these
/// identifiers, and every identifier of these customers.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Messages of the batch that are stored already, with the present customer of their owner.
    pub messages: FxHashMap<Arc<str>, Option<CustomerId>>,
    /// Identifiers of erased persons, whose events are rejected.
    pub suppressed: BTreeSet<IdentifierKey>,
    /// Identifiers, each once.
    pub identifiers: Vec<Identifier>,
    /// The customers of these identifiers, each once.
    pub customers: Vec<KnownCustomer>,
    /// The sides of those identifiers in decisions.
    pub sides: Vec<Side>,
    /// The present customers of the ids in a decision; only for [`decide`](super::decide()).
    pub living: FxHashMap<CustomerId, CustomerId>,
    /// The histories of the identifiers in `with_history`, which are those that a plan [asked for](super::Planned).
    pub histories: IdentityHistory,
    /// The identifiers whose complete history is here.
    pub with_history: FxHashSet<IdentifierId>,
    /// The identifiers whose consents are here.
    pub with_consents: FxHashSet<IdentifierId>,
    /// For each device that a plan asked for: its latest evidence, the latest first, at most
    /// [`SIGHTINGS`](super::sharing::SIGHTINGS). The identifiers in this evidence are among `identifiers`.
    pub sightings: FxHashMap<IdentifierId, Vec<Evidence>>,
    /// Earlier refusals and their rules, in the messages of [`Batch::refusing`](super::Batch::refusing)
    /// and of [`moves::refusing`](super::moves::refusing).
    pub refused: RefusedBefore,
    /// The last stored outcome of each of the batch's sets of identifiers.
    pub evidence: FxHashMap<SetName, OnRecord>,
    /// All stored events of the batch's orders. An order without events is absent.
    pub orders: FxHashMap<OrderKey, Vec<OrderEvent>>,
    /// The present claims with the names and values of those that were read, and maybe others of the same identifiers.
    pub claims: Vec<Claim>,
    /// The owners and messages whose claims were read: of [`Batch::claims`](super::Batch::claims), and those that a plan
    /// asked for.
    pub with_claims: FxHashSet<(IdentifierId, Arc<str>)>,
    /// The consents of the customers of [`Batch::consenters`](super::Batch::consenters).
    pub consents: Vec<ConsentGiven>,
}

impl Known {
    /// The `ids` that are not among the known identifiers.
    pub fn missing(&self, ids: impl IntoIterator<Item = IdentifierId>) -> BTreeSet<IdentifierId> {
        let known: FxHashSet<IdentifierId> = self.identifiers.iter().map(|identifier| identifier.id).collect();
        ids.into_iter().filter(|id| !known.contains(id)).collect()
    }
}

/// Claims to be made, by their owner and message.
pub type ClaimsByOwner = BTreeMap<(IdentifierId, Arc<str>), Vec<ClaimFact>>;

/// The names and values (JSON) that each owner claims, each once.
pub fn claimed_values(claims: &ClaimsByOwner) -> BTreeMap<IdentifierId, BTreeSet<(&str, &str)>> {
    let mut values: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for ((owner, _), claims) in claims {
        values.entry(*owner).or_default().extend(claims.iter().map(|claim| (&*claim.name, claim.value.get())));
    }
    values
}

/// The rules that refused an identifier in a message.
pub type RefusedBefore = FxHashMap<(Arc<str>, IdentifierId), Vec<Arc<str>>>;

/// The last stored outcome of a set of identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnRecord {
    /// A letter for each, as in [`EvidenceRow`](super::rows::EvidenceRow).
    pub outcomes: Arc<str>,
    /// The version of the rules it was stitched by.
    pub rules_version: i64,
}

/// A customer of some identifier of the batch.
#[derive(Clone, Debug)]
pub struct KnownCustomer {
    /// Its id.
    pub id: CustomerId,
    /// When its id was created.
    pub created_seq: Arrival,
}

/// The input of a replay of identifiers: their evidence, people's decisions about them, their customers.
#[derive(Clone, Debug, Default)]
pub struct IdentityHistory {
    /// Every set with one of these identifiers, in any order.
    pub evidence: Vec<Evidence>,
    /// The message of each evidence.
    pub source_messages: FxHashMap<Arrival, SourceMessage>,
    /// Every decision about one of these identifiers, in any order.
    pub decisions: Vec<Decision>,
    /// The customers that were merged into their customers, directly or through others.
    pub former: Vec<Former>,
    /// Every present or past consent of these identifiers, and whether it is present.
    pub gave: Vec<(ConsentGiven, bool)>,
}

/// A set of identifiers that were seen together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its place.
    pub arrival: Arrival,
    /// The set, strongest first, as it was at that time.
    pub identifiers: Vec<IdentifierId>,
    /// The version of the rules it was stitched by.
    pub rules_version: i64,
}

/// A message in which identifiers were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceMessage {
    /// Its id.
    pub message_id: Arc<str>,
    /// Its source.
    pub source: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
}

/// A customer that was merged away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// Its id.
    pub id: CustomerId,
    /// When its id was created.
    pub created_seq: Arrival,
    /// The change in which it was merged away.
    pub merged: i64,
    /// The identifiers it had then.
    pub identifiers: Vec<IdentifierId>,
}
