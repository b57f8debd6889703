//! Writes a batch, a person's decision, or the moves of a replay. Each is planned and written in one transaction.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{NewId, decisions, identity_events, known, rules, status, visits, write};
use crate::domain::rules::IdentityRules;
use crate::domain::{IdentifierId, Timestamp};
use crate::stitching::moves::{Move, apply_moves, refusing};
use crate::stitching::{self, Batch, DecisionRequest, Known, Missing, Plan, Planned};
use crate::store::rules::AppliedMoves;
use crate::store::{Applied, AppliedDecision, Result};

/// Plans and writes one batch.
pub(super) fn apply(
    db: &mut Connection,
    rules: &IdentityRules,
    batch: &Batch,
    at: Timestamp,
    new_id: &NewId,
) -> Result<Applied> {
    // Immediate: the transaction takes the lock before its first read, so the rows of the plan do not change.
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (last, at) = last_change(&transaction, rules, at)?;
    let mut known = known::read(&transaction, batch)?;
    let sightings = batch.sightings(rules, &known);
    decisions::read_missing(&transaction, &Missing { sightings, ..Missing::default() }, &mut known)?;
    let plan = |known: &Known| stitching::plan(rules, known, batch, last + 1, at, &mut || new_id());
    let (plan, ()) = planned(&transaction, &mut known, &[], plan)?;
    if plan.is_empty() {
        return Ok(Applied { change: last, outcomes: plan.outcomes, devices: Vec::new() });
    }
    let devices = commit(transaction, &known, &plan)?;
    Ok(Applied { change: plan.seq, outcomes: plan.outcomes, devices })
}

/// Plans a person's decision and writes it.
pub(super) fn decide(
    db: &mut Connection,
    rules: &IdentityRules,
    request: &DecisionRequest,
    at: Timestamp,
    new_id: &NewId,
) -> Result<AppliedDecision> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (known, plan, mut decided) = plan_decision(&transaction, rules, request, at, new_id)?;
    if !plan.is_empty() {
        decided.devices = commit(transaction, &known, &plan)?;
        decided.change = plan.seq;
    }
    Ok(decided)
}

/// Plans a person's decision.
pub(super) fn try_decision(
    db: &Connection,
    rules: &IdentityRules,
    request: &DecisionRequest,
    at: Timestamp,
    new_id: &NewId,
) -> Result<AppliedDecision> {
    plan_decision(db, rules, request, at, new_id).map(|(_, _, decided)| decided)
}

fn plan_decision(
    db: &Connection,
    rules: &IdentityRules,
    request: &DecisionRequest,
    at: Timestamp,
    new_id: &NewId,
) -> Result<(Known, Box<Plan>, AppliedDecision)> {
    let (last, at) = last_change(db, rules, at)?;
    let mut known = known::read_for_ruling(db, &request.action)?;
    let plan = |known: &Known| stitching::decide(rules, known, request, last + 1, at, &mut || new_id());
    let (plan, outcome) = planned(db, &mut known, &[], plan)?;
    Ok((known, plan, AppliedDecision { change: last, outcome, devices: Vec::new() }))
}

/// Plans the moves of a replay and writes them.
pub(super) fn make_moves(
    db: &mut Connection,
    rules: &IdentityRules,
    moves: &[Move],
    at: Timestamp,
    new_id: &NewId,
) -> Result<AppliedMoves> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (last, at) = last_change(&transaction, rules, at)?;
    let ids: Vec<IdentifierId> = moves.iter().flat_map(|one| &one.members).map(|(id, _)| *id).collect();
    let mut known = known::read_by_id(&transaction, &ids)?;
    let plan = |known: &Known| apply_moves(rules, known, moves, last + 1, at, &mut || new_id());
    let (plan, done) = planned(&transaction, &mut known, moves, plan)?;
    if done == 0 {
        return Ok(AppliedMoves { change: last, done });
    }
    commit(transaction, &known, &plan)?;
    Ok(AppliedMoves { change: plan.seq, done })
}

/// The last change, and the time of the next. Fails when `rules` are not the newest.
fn last_change(db: &Connection, rules: &IdentityRules, at: Timestamp) -> Result<(i64, Timestamp)> {
    rules::check(db, rules)?;
    let (last, last_at) = status::last_change(db)?;
    Ok((last, at.max(last_at)))
}

/// Plans, and reads the rows that the plan misses, until nothing is missing. `moves` are the moves to make.
fn planned<T>(
    db: &Connection,
    known: &mut Known,
    moves: &[Move],
    plan: impl Fn(&Known) -> Planned<T>,
) -> Result<(Box<Plan>, T)> {
    loop {
        match plan(known) {
            Planned::Ready(plan, outcome) => return Ok((plan, outcome)),
            Planned::Needs(missing) => decisions::read_missing(db, &missing, known)?,
        }
        if !moves.is_empty() {
            known.refused = identity_events::refused(db, refusing(known, moves))?;
        }
    }
}

/// Writes the plan and commits it. Returns the devices whose visits are to be assigned.
fn commit(transaction: Transaction<'_>, known: &Known, plan: &Plan) -> Result<Vec<IdentifierId>> {
    write::write(&transaction, known, plan)?;
    let devices = visits::note(&transaction, plan)?;
    transaction.commit()?;
    Ok(devices)
}
