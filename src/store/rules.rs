//! Operations about the rules of who is who: their versions, what a replay under others has to read,
//! and what comes of it.

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

/// The newest rules, and how far they are taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesInForce {
    /// The newest version: what arrives is stitched by it.
    pub saved: SavedRules,
    /// The version that all that is stored agrees with.
    pub applied: i64,
}

/// Rules that somebody wants to save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRules {
    /// The version that was read.
    pub based_on: i64,
    /// Who saves them.
    pub by: Arc<str>,
    /// Why.
    pub note: Option<Arc<str>>,
    /// The rules.
    pub rules: WrittenRules,
}

/// An identifier as it stood once a change was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipAt {
    /// Which.
    pub id: IdentifierId,
    /// Its kind and value.
    pub key: IdentifierKey,
    /// The birth of who held it.
    pub holder: Option<Arrival>,
    /// Whether it was shared.
    pub shared: bool,
}

/// A page of claims.
#[derive(Clone, Debug, Default)]
pub struct ClaimPage {
    /// In order of their owners' ids, all of an owner in one page, in order of their arrival.
    pub claims: Vec<Claim>,
    /// Behind which owner the next page begins; `None` when there is none.
    pub next: Option<IdentifierId>,
}

/// Moves that were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedMoves {
    /// The change number after it; that of the last change when nothing was moved.
    pub change: i64,
    /// How many moves were made. The others found somebody who had moved since.
    pub done: usize,
}

/// What can be asked and done about rules.
///
/// [`apply`](super::Store::apply), [`decide`](super::Store::decide) and [`apply_moves`](Self::apply_moves) answer
/// [`RulesChanged`](super::StoreError::RulesChanged) when the rules they are given are not of the newest version.
#[async_trait]
pub trait Rulebook: Send + Sync + 'static {
    /// The newest rules; `None` before the first were [begun](Self::begin_rules).
    async fn rules(&self) -> Result<Option<RulesInForce>>;

    /// Makes `first` the first version when there is none, and answers the newest.
    async fn begin_rules(&self, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce>;

    /// Saves the next version, in a change of its own. `None` when the newest is not the one that these are
    /// based on; then nothing is saved.
    async fn save_rules(&self, rules: &NewRules, at: Timestamp) -> Result<Option<(SavedRules, i64)>>;

    /// Notes that all that is stored agrees with this version, when it is still the newest.
    async fn rules_applied(&self, version: i64) -> Result<()>;

    /// Whether an identifier of this kind is stored.
    async fn has_kind(&self, kind: &str) -> Result<bool>;

    /// Identifiers behind `after`, in order of their ids, as they stood once the change `at` was done.
    async fn scan_identifiers(&self, at: i64, after: Option<IdentifierId>, limit: usize) -> Result<Vec<MembershipAt>>;

    /// Evidence behind `after`, in order of its arrival, up to the change `at`; each with the time of the event
    /// that it is kept of.
    async fn scan_evidence(&self, at: i64, after: Option<Arrival>, limit: usize) -> Result<Vec<(Evidence, Timestamp)>>;

    /// What was ever claimed of these traits up to the change `at`, what was replaced since included: of about
    /// `limit` claims or identifiers.
    async fn scan_claims(
        &self,
        traits: &[Arc<str>],
        at: i64,
        after: Option<IdentifierId>,
        limit: usize,
    ) -> Result<ClaimPage>;

    /// Decisions behind `after`, in order of their arrival, up to the change `at`.
    async fn scan_decisions(&self, at: i64, after: Option<Arrival>, limit: usize) -> Result<Vec<Decision>>;

    /// Moves identifiers where a replay wants them, in one change. A move whose members are no longer where
    /// it says is left out.
    async fn apply_moves(&self, rules: &IdentityRules, moves: &[Move], at: Timestamp) -> Result<AppliedMoves>;
}
