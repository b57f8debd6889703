//! Saved rules taken in: everybody is worked out again, and whoever is elsewhere is moved, some at a time.
//!
//! Where composites are made of other parts, what is stored gives evidence of them first: it is added behind
//! all that there is, in an order that is always the same, and moves nobody by itself. So everybody is moved by
//! a replay of all of it, and nobody meets in between whom that keeps apart.
//!
//! Events go on coming in meanwhile, judged by the new rules. What they change is found by the next
//! round; when a round finds nothing, everything agrees with the rules, and stays so. A round needs
//! nothing of the one before, so a program that was killed begins again where it was.

use std::collections::BTreeSet;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::watch;

use super::composites::Derivation;
use super::replay::replay;
use crate::domain::rules::IdentityRules;
use crate::domain::{IdentifierId, IdentifierKey, Timestamp};
use crate::ingest::judge::read_rules;
use crate::stitching::settle::Move;
use crate::stitching::{Batch, Outcome};
use crate::store::query::IdentifierRef;
use crate::store::{Result, Store, StoreError};

/// About how many identifiers are moved in one change.
const AT_A_TIME: usize = 500;
/// How often a change is tried that finds the store busy or away.
const TRIES: u32 = 10;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The version that all that is stored agrees with now; `None` when it was stopped before.
    pub version: Option<i64>,
    /// How often a composite was made of what is stored.
    pub made: usize,
    /// How many pieces of the graph were put in order.
    pub moved: usize,
    /// How many rounds it took.
    pub rounds: usize,
}

/// Takes the newest rules in. Ends early, between two changes, when `stop` turns true. `clock` gives the
/// time of each change.
///
/// # Errors
/// Of the store, after some tries; what was done until then stands.
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
                // Others were saved meanwhile: the next round goes by those.
                Err(StoreError::RulesChanged(_)) => {}
                Err(error) => return Err(error),
            }
            continue;
        }
        let difference = &replay.difference;
        let (version, pieces) = (rules.version, difference.pieces.len());
        if pieces == 0 {
            store.rules_applied(version).await?;
            tracing::info!(version, rounds = report.rounds, moved = report.moved, "all agrees with the rules");
            report.version = Some(version);
            return Ok(report);
        }
        let (splits, joins) = (difference.splits, difference.joins);
        tracing::info!(version, round = report.rounds, pieces, splits, joins, "restitching");
        let mut moves: Vec<Move> = Vec::new();
        let (mut size, mut seen) = (0, 0);
        let before = report.moved;
        for (n, (piece, because)) in difference.pieces.iter().zip(&replay.reasons).enumerate() {
            size += piece.members.len();
            moves.push(replay.to_move(piece, because.clone()));
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
            match often(|| store.settle(&rules, &moves, clock())).await {
                Ok(settled) => report.moved += settled.done,
                // Others were saved meanwhile: the next round goes by those.
                Err(StoreError::RulesChanged(_)) => break,
                Err(error) => return Err(error),
            }
            seen += moves.len();
            moves.clear();
            size = 0;
            tracing::info!(version, done = seen, of = pieces, "restitching");
        }
        // Somebody who moved meanwhile is found by the next round; when nobody did, none would end it.
        if report.moved == before && store.status().await?.change == replay.change {
            return Err(StoreError::Data("identifiers are held otherwise than their own history says".into()));
        }
    }
}

/// What became of evidence that was made.
struct Brought {
    /// How much was not there yet.
    made: usize,
    /// Whether nothing is left.
    whole: bool,
}

/// Adds evidence, some at a time.
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

/// As often as it takes, when the store is busy or away.
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
