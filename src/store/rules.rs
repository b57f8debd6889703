//! Operations about identity rules: their versions, the input of a replay under other rules, and its moves.

use std::sync::Arc;

use async_trait::async_trait;

use super::Result;
use crate::domain::claim::Claim;
use crate::domain::decision::Decision;
use crate::domain::identifier::IdentifierKey;
use crate::domain::rules::{IdentityRules, SavedRules, WrittenRules};
use crate::domain::{Arrival, IdentifierId, Timestamp};
use crate::stitching::known::Evidence;
use crate::stitching::moves::Move;

/// The newest rules, and the version that all data agrees with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesInForce {
    /// The newest version. New events are stitched by it.
    pub saved: SavedRules,
    /// The version that all stored data agrees with.
    pub applied: i64,
}

/// Rules to save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRules {
    /// The version that these rules are based on.
    pub based_on: i64,
    /// Who saves them.
    pub by: Arc<str>,
    /// Why.
    pub note: Option<Arc<str>>,
    /// The rules.
    pub rules: WrittenRules,
}

/// An identifier as it was after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipAt {
    /// Which.
    pub id: IdentifierId,
    /// Its kind and value.
    pub key: IdentifierKey,
    /// The birth of its customer.
    pub holder: Option<Arrival>,
    /// Whether it was shared.
    pub shared: bool,
}

/// A page of claims.
#[derive(Clone, Debug, Default)]
pub struct ClaimPage {
    /// Claims in order of their owners' ids, then of their arrival. All claims of an owner are in one page.
    pub claims: Vec<Claim>,
    /// The last owner of this page; the next page begins after it. `None` when there is no next page.
    pub next: Option<IdentifierId>,
}

/// The result of moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedMoves {
    /// The change number of the moves. When nothing was moved, the number of the last change.
    pub change: i64,
    /// The number of moves that were made. The other moves had an identifier that had moved since the replay.
    pub done: usize,
}

/// The operations about rules.
///
/// [`apply`](super::Store::apply), [`decide`](super::Store::decide) and [`apply_moves`](Self::apply_moves) return
/// [`RulesChanged`](super::StoreError::RulesChanged) when the rules of the call are not the newest version.
#[async_trait]
pub trait Rulebook: Send + Sync + 'static {
    /// The newest rules; `None` before the [first version](Self::begin_rules).
    async fn rules(&self) -> Result<Option<RulesInForce>>;

    /// Saves `first` as the first version when there is none, and returns the newest.
    async fn begin_rules(&self, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce>;

    /// Saves the next version, in a change of its own. `None` when these rules are not based on the newest version;
    /// then nothing is saved.
    async fn save_rules(&self, rules: &NewRules, at: Timestamp) -> Result<Option<(SavedRules, i64)>>;

    /// Records that all stored data agrees with this version, if it is still the newest.
    async fn rules_applied(&self, version: i64) -> Result<()>;

    /// Whether the store has an identifier of this kind.
    async fn has_kind(&self, kind: &str) -> Result<bool>;

    /// Identifiers after `after`, in order of their ids, as they were after the change `at`.
    async fn scan_identifiers(&self, at: i64, after: Option<IdentifierId>, limit: usize) -> Result<Vec<MembershipAt>>;

    /// Evidence after `after`, in order of its arrival, up to the change `at`; each with the time of its source event.
    async fn scan_evidence(&self, at: i64, after: Option<Arrival>, limit: usize) -> Result<Vec<(Evidence, Timestamp)>>;

    /// All claims of these traits up to the change `at`, including replaced claims: about `limit` claims or
    /// identifiers.
    async fn scan_claims(
        &self,
        traits: &[Arc<str>],
        at: i64,
        after: Option<IdentifierId>,
        limit: usize,
    ) -> Result<ClaimPage>;

    /// Decisions after `after`, in order of their arrival, up to the change `at`.
    async fn scan_decisions(&self, at: i64, after: Option<Arrival>, limit: usize) -> Result<Vec<Decision>>;

    /// Makes the moves of a replay, in one change. A move is left out when one of its identifiers has changed its
    /// customer since.
    async fn apply_moves(&self, rules: &IdentityRules, moves: &[Move], at: Timestamp) -> Result<AppliedMoves>;
}
