//! Applies saved rules to the stored data: a replay under these rules finds the moves, which are written some at a
//! time.
//!
//! When composites are made of other parts, derived evidence of stored traits is added first: after all other evidence,
//! in an order that is always the same. It moves no identifier by itself. So all moves come from a complete replay, and
//! identifiers that the replay keeps apart are never together in between.
//!
//! Events keep arriving and are stitched by the new rules. The next round finds the moves for these events. When a
//! round finds no moves, all data agrees with the rules. A round needs no data of an earlier round, so a killed program
//! can start again.

use std::collections::BTreeSet;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::watch;

use super::composites::Derivation;
use super::replay::replay;
use crate::domain::rules::IdentityRules;
use crate::domain::{IdentifierId, IdentifierKey, Timestamp};
use crate::ingest::active_rules::read_rules;
use crate::stitching::moves::Move;
use crate::stitching::{Batch, Outcome};
use crate::store::query::IdentifierRef;
use crate::store::{Result, Store, StoreError};

/// About the number of identifiers that are moved in one change.
const AT_A_TIME: usize = 500;
/// The number of tries while the store is busy or away.
const TRIES: u32 = 10;

/// The result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The version that all stored data agrees with now; `None` when it was stopped earlier.
    pub version: Option<i64>,
    /// The number of composites that were made of stored traits.
    pub made: usize,
    /// The number of moves.
    pub moved: usize,
    /// The number of rounds.
    pub rounds: usize,
}

/// Applies the newest rules. It stops between two changes when `stop` turns true. `clock` gives the time of each change.
///
/// # Errors
/// Errors of the store, after some tries. The moves written before this stay.
pub async fn restitch(
    store: &dyn Store,
    clock: &(dyn Fn() -> Timestamp + Send + Sync),
    stop: &watch::Receiver<bool>,
) -> Result<Report> {
    let mut report = Report::default();
    loop {
        let Some(in_force) = store.rules().await? else {
            return Err(StoreError::Setup("no rules were saved yet: `serve` and `import` save the settings'".into()));
        };
        let settings = read_rules(&in_force.saved)?;
        let mut rules = settings.rules();
        rules.version = in_force.saved.version;
        let replay = replay(store, &settings, in_force.applied, usize::MAX).await?;
        report.rounds += 1;
        if !replay.derived.is_empty() {
            match bring(store, &rules, &replay.derived, clock, stop).await {
                Ok(Brought { made, whole }) => {
                    report.made += made;
                    if !whole {
                        return Ok(report);
                    }
                    if made == 0 && store.status().await?.change == replay.change {
                        return Err(StoreError::Data("composites that were made are not where they were put".into()));
                    }
                }
                // Newer rules were saved in the meantime: the next round uses them.
                Err(StoreError::RulesChanged(_)) => {}
                Err(error) => return Err(error),
            }
            continue;
        }
        let difference = &replay.difference;
        let (version, pieces) = (rules.version, difference.pieces.len());
        if pieces == 0 {
            store.rules_applied(version).await?;
            tracing::info!(version, rounds = report.rounds, moved = report.moved, "all data agrees with the rules");
            report.version = Some(version);
            return Ok(report);
        }
        let (splits, joins) = (difference.splits, difference.joins);
        tracing::info!(version, round = report.rounds, pieces, splits, joins, "restitching");
        let mut moves: Vec<Move> = Vec::new();
        let (mut size, mut seen) = (0, 0);
        let before = report.moved;
        for (n, (piece, explanation)) in difference.pieces.iter().zip(&replay.reasons).enumerate() {
            size += piece.members.len();
            moves.push(replay.to_move(piece, explanation.clone()));
            if size < AT_A_TIME && n + 1 < pieces {
                continue;
            }
            if *stop.borrow() {
                tracing::info!(
                    version,
                    done = seen,
                    of = pieces,
                    "restitching is stopped; it goes on when it is begun again"
                );
                return Ok(report);
            }
            match often(|| store.apply_moves(&rules, &moves, clock())).await {
                Ok(settled) => report.moved += settled.done,
                // Newer rules were saved in the meantime: the next round uses them.
                Err(StoreError::RulesChanged(_)) => break,
                Err(error) => return Err(error),
            }
            seen += moves.len();
            moves.clear();
            size = 0;
            tracing::info!(version, done = seen, of = pieces, "restitching");
        }
        // The next round finds the identifiers that moved in the meantime. If none had moved, the rounds would never
        // end.
        if report.moved == before && store.status().await?.change == replay.change {
            return Err(StoreError::Data("identifiers are held otherwise than their own history says".into()));
        }
    }
}

/// The result of adding derived evidence.
struct Brought {
    /// The number of rows that were not stored yet.
    made: usize,
    /// Whether all derived evidence is stored.
    whole: bool,
}

/// Adds derived evidence, some at a time.
async fn bring(
    store: &dyn Store,
    rules: &IdentityRules,
    derived: &[Derivation],
    clock: &(dyn Fn() -> Timestamp + Send + Sync),
    stop: &watch::Receiver<bool>,
) -> Result<Brought> {
    let mut made = 0;
    for (n, some) in derived.chunks(AT_A_TIME).enumerate() {
        let (done, of) = (n * AT_A_TIME, derived.len());
        if *stop.borrow() {
            tracing::info!(
                done,
                of,
                "making composites of stored traits is stopped; it goes on when it is begun again"
            );
            return Ok(Brought { made, whole: false });
        }
        let ids: BTreeSet<IdentifierId> = some.iter().flat_map(|one| &one.with).copied().collect();
        let ids: Vec<IdentifierRef> = ids.into_iter().map(IdentifierRef::Id).collect();
        let found = store.identifiers(&ids).await?;
        let keys: FxHashMap<IdentifierId, IdentifierKey> = found.into_iter().flatten().map(|i| (i.id, i.key)).collect();
        let facts = some.iter().filter_map(|one| one.fact(rules, |id| keys.get(&id).cloned())).collect();
        let batch = Batch { facts };
        let applied = often(|| store.apply(rules, &batch, clock())).await?;
        made += applied.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Created { .. })).count();
        tracing::info!(done = done + some.len(), of, "making composites of stored traits");
    }
    Ok(Brought { made, whole: true })
}

/// Tries again while the store is busy or away.
async fn often<T, F: Future<Output = Result<T>>>(work: impl Fn() -> F) -> Result<T> {
    let mut tries = 1;
    loop {
        match work().await {
            Err(error) if error.is_transient() && tries < TRIES => {
                tokio::time::sleep(Duration::from_millis(200) * tries).await;
                tries += 1;
            }
            done => return done,
        }
    }
}
