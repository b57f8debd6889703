//! Versions of the rules, and the input of a replay.

use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior, params};

use super::row::{arrival, json, optional_text, text, time};
use super::statement::statements;
use super::{claims, decisions, segment_memberships, status, visits, write};
use crate::domain::change::ChangeEntry;
use crate::domain::claim::Claim;
use crate::domain::decision::Decision;
use crate::domain::identifier::IdentifierKey;
use crate::domain::rules::{BY_SETTINGS, IdentityRules, SavedRules, WrittenRules};
use crate::domain::{Arrival, IdentifierId, Timestamp};
use crate::stitching::Plan;
use crate::stitching::known::{Evidence, Known};
use crate::store::rules::{ClaimPage, MembershipAt, NewRules, RulesInForce};
use crate::store::{Result, StoreError};

statements! {
    RULES_VERSION = "rules/fetch_version";
    NEWEST_RULES = "rules/fetch";
    INSERT_RULES = "rules/insert";
    RAISE_RULES = "rules/update_version";
    RAISE_RESTITCHED = "rules/update_applied";
    KIND_IS_STORED = "identifiers/count_kind";
    SCAN_IDENTIFIERS = "identifiers/scan";
    SCAN_EVIDENCE = "evidence/scan";
    LAST_CLAIMANT = "claims/fetch_last_owner";
    SCAN_CLAIMS = "claims/scan";
    SCAN_DECISIONS = "decisions/scan";
}

/// Fails when `rules` are not the newest. Called under the write lock.
pub(super) fn check(db: &Connection, rules: &IdentityRules) -> Result<()> {
    match RULES_VERSION.on(db)?.count([])? {
        version if version == rules.version => Ok(()),
        version => Err(StoreError::RulesChanged(version)),
    }
}

/// The newest rules.
pub(super) fn fetch(db: &Connection) -> Result<Option<RulesInForce>> {
    NEWEST_RULES.on(db)?.first([], |row| {
        let saved = SavedRules {
            version: row.get(0)?,
            saved_at: time(row, 1)?,
            saved_by: text(row, 2)?,
            note: optional_text(row, 3)?,
            rules: json(row, 4)?,
        };
        Ok(RulesInForce { saved, applied: row.get(5)? })
    })
}

/// Saves the first version when there is none.
pub(super) fn begin(db: &mut Connection, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(found) = fetch(&transaction)? {
        return Ok(found);
    }
    let saved = SavedRules { version: 1, saved_at: at, saved_by: BY_SETTINGS.into(), note: None, rules: first.clone() };
    insert(&transaction, &saved)?;
    transaction.commit()?;
    Ok(RulesInForce { saved, applied: 1 })
}

/// Saves the next version, if it is based on the newest.
pub(super) fn save(db: &mut Connection, new: &NewRules, at: Timestamp) -> Result<Option<(SavedRules, i64)>> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if RULES_VERSION.on(&transaction)?.count([])? != new.based_on {
        return Ok(None);
    }
    let (last, last_at) = status::last_change(&transaction)?;
    let NewRules { based_on, by, note, rules } = new.clone();
    let saved = SavedRules { version: based_on + 1, saved_at: at.max(last_at), saved_by: by, note, rules };
    insert(&transaction, &saved)?;
    RAISE_RULES.on(&transaction)?.execute([saved.version])?;
    let entries = vec![ChangeEntry::RulesSaved { version: saved.version, reason: saved.note.clone() }];
    let plan = Plan { seq: last + 1, at: saved.saved_at, entries, ..Plan::default() };
    write::write(&transaction, &Known::default(), &plan)?;
    visits::note_all(&transaction)?;
    segment_memberships::sweep_all(&transaction, plan.seq, plan.at)?;
    transaction.commit()?;
    Ok(Some((saved, plan.seq)))
}

fn insert(db: &Connection, saved: &SavedRules) -> Result<()> {
    let SavedRules { version, saved_at, saved_by, note, rules } = saved;
    let rules = serde_json::to_string(rules)?;
    INSERT_RULES.on(db)?.execute(params![version, saved_at.0, &**saved_by, note.as_deref(), rules])?;
    Ok(())
}

/// Records that all data agrees with this version.
pub(super) fn applied(db: &Connection, version: i64) -> Result<()> {
    RAISE_RESTITCHED.on(db)?.execute([version])?;
    Ok(())
}

/// Whether the store has an identifier of this kind.
pub(super) fn has_kind(db: &Connection, kind: &str) -> Result<bool> {
    Ok(KIND_IS_STORED.on(db)?.count([kind])? != 0)
}

/// A page of identifiers as of a change.
pub(super) fn scan_identifiers(
    db: &Connection,
    at: i64,
    after: Option<Arrival>,
    limit: usize,
) -> Result<Vec<MembershipAt>> {
    let mut page = Vec::new();
    SCAN_IDENTIFIERS.on(db)?.all(window(at, after, limit, Some(at)), &mut page, |row| {
        let key = IdentifierKey { kind: text(row, 1)?, value: text(row, 2)? };
        Ok(MembershipAt {
            id: arrival(row, 0)?,
            key,
            holder: row.get::<_, Option<i64>>(3)?.map(Arrival),
            shared: row.get(4)?,
        })
    })?;
    Ok(page)
}

/// A page of evidence.
pub(super) fn scan_evidence(
    db: &Connection,
    at: i64,
    after: Option<Arrival>,
    limit: usize,
) -> Result<Vec<(Evidence, Timestamp)>> {
    let mut page = Vec::new();
    SCAN_EVIDENCE
        .on(db)?
        .all(window(at, after, limit, None), &mut page, |row| Ok((decisions::decode_evidence(row)?, time(row, 3)?)))?;
    Ok(page)
}

/// A page of claims.
pub(super) fn scan_claims(
    db: &Connection,
    traits: &[Arc<str>],
    at: i64,
    after: Option<IdentifierId>,
    limit: usize,
) -> Result<ClaimPage> {
    let after = after.map_or(0, |after| after.0);
    let last = LAST_CLAIMANT.on(db)?.first((after, limit as i64), |row| Ok(row.get::<_, Option<i64>>(0)?))?.flatten();
    let Some(last) = last else { return Ok(ClaimPage::default()) };
    let (end, traits) = (Arrival::new(at + 1, 0).0, serde_json::to_string(traits)?);
    let mut claims: Vec<Claim> = Vec::new();
    SCAN_CLAIMS.on(db)?.all((after, last, end, traits), &mut claims, claims::decode)?;
    claims.sort_unstable_by_key(|claim| (claim.owner, claim.arrival));
    Ok(ClaimPage { claims, next: Some(Arrival(last)) })
}

/// A page of decisions.
pub(super) fn scan_decisions(db: &Connection, at: i64, after: Option<Arrival>, limit: usize) -> Result<Vec<Decision>> {
    let mut page = Vec::new();
    SCAN_DECISIONS.on(db)?.all(window(at, after, limit, None), &mut page, decisions::decode)?;
    Ok(page)
}

/// The parameters of a page: a change if needed, the place after which it begins, the end, and the size.
fn window(at: i64, after: Option<Arrival>, limit: usize, change: Option<i64>) -> rusqlite::ParamsFromIter<Vec<i64>> {
    let rest = [after.map_or(0, |after| after.0), Arrival::new(at + 1, 0).0, limit as i64];
    rusqlite::params_from_iter(change.into_iter().chain(rest).collect())
}
