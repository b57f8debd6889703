//! People's decisions, and the histories of identifiers whose customer is split.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, params};
use rustc_hash::FxHashSet;

use super::consents;
use super::row::{arrival, json, text, time, word};
use super::statement::statements;
use crate::domain::customer::CustomerId;
use crate::domain::decision::{Decision, DecisionKind, Side};
use crate::domain::{Arrival, IdentifierId, Moment};
use crate::stitching::known::{Evidence, Former, Known, SourceMessage};
use crate::stitching::sharing::SIGHTINGS;
use crate::stitching::{Missing, Plan};
use crate::store::Result;
use crate::store::query::MOST_KEPT_APART;

statements! {
    ANY_DECISION = "decisions/count";
    SIDES_OF_IDENTIFIER = "decisions/list_sides";
    DECISIONS_OF_IDENTIFIER = "decisions/list";
    EVIDENCE_OF_IDENTIFIER = "evidence/list";
    SIGHTINGS_OF_IDENTIFIER = "evidence/list_latest";
    IDENTIFIER_HOLDER_BY_ID = "memberships/fetch_holder";
    FORMER_CUSTOMERS = "customers/list_merged";
    MEMBERS_WHEN_MERGED = "memberships/list_when_merged";
    KEPT_APART = "decisions/list_kept_apart";
    INSERT_DECISION = "decisions/insert";
    INSERT_SIDE = "decisions/insert_side";
}

/// The sides of the known identifiers in decisions.
pub(super) fn read_sides(db: &Connection, known: &mut Known) -> Result<()> {
    if ANY_DECISION.on(db)?.count([])? == 0 {
        return Ok(());
    }
    let mut statement = SIDES_OF_IDENTIFIER.on(db)?;
    for identifier in &known.identifiers {
        let identifier = identifier.id;
        statement.all([identifier.0], &mut known.sides, |row| {
            let kind = word(row, 1, DecisionKind::parse)?;
            Ok(Side { identifier, decision: arrival(row, 0)?, kind, number: row.get(2)? })
        })?;
    }
    Ok(())
}

/// Adds the rows that a plan misses.
pub(super) fn read_missing(db: &Connection, missing: &Missing, known: &mut Known) -> Result<()> {
    read_histories(db, &missing.histories, known)?;
    for id in missing.consents.difference(&missing.histories) {
        consents::read_ever(db, *id, &mut known.histories.gave)?;
    }
    known.with_consents.extend(&missing.consents);
    super::known::read_claims(db, &missing.claims, known)?;
    read_sightings(db, &missing.sightings, known)
}

/// Adds the identifiers seen with these devices, and their customers.
fn read_sightings(db: &Connection, devices: &BTreeSet<IdentifierId>, known: &mut Known) -> Result<()> {
    let mut statement = SIGHTINGS_OF_IDENTIFIER.on(db)?;
    for device in devices {
        let mut sightings = Vec::new();
        statement.all([device.0, SIGHTINGS as i64], &mut sightings, decode_evidence)?;
        known.sightings.insert(*device, sightings);
    }
    drop(statement);
    let named = devices.iter().flat_map(|device| &known.sightings[device]).flat_map(|seen| &seen.identifiers);
    let missing: Vec<IdentifierId> = known.missing(named.copied()).into_iter().collect();
    super::known::read_people(db, [], &missing, FxHashSet::default(), known)?;
    Ok(())
}

/// Adds the histories of these identifiers.
fn read_histories(db: &Connection, ids: &BTreeSet<IdentifierId>, known: &mut Known) -> Result<()> {
    let mut evidence = EVIDENCE_OF_IDENTIFIER.on(db)?;
    let mut decisions = DECISIONS_OF_IDENTIFIER.on(db)?;
    let mut holder = IDENTIFIER_HOLDER_BY_ID.on(db)?;
    let mut holders = FxHashSet::default();
    let story = &mut known.histories;
    for id in ids {
        let mut rows = Vec::new();
        evidence.all([id.0], &mut rows, |row| {
            let said = SourceMessage { message_id: text(row, 3)?, source: text(row, 4)?, at: time(row, 5)? };
            Ok((decode_evidence(row)?, said))
        })?;
        for (seen, said) in rows {
            story.source_messages.insert(seen.arrival, said);
            story.evidence.push(seen);
        }
        decisions.all([id.0], &mut story.decisions, decode)?;
        consents::read_ever(db, *id, &mut story.gave)?;
        holders.extend(holder.first([id.0], |row| Ok(row.get::<_, Option<i64>>(1)?))?.flatten());
    }
    let mut former = FORMER_CUSTOMERS.on(db)?;
    let mut members = MEMBERS_WHEN_MERGED.on(db)?;
    for holder in holders {
        let mut merged = Vec::new();
        former.all([holder], &mut merged, |row| Ok((CustomerId(text(row, 0)?), row.get(1)?, row.get(2)?)))?;
        for (id, born, merged) in merged {
            let mut identifiers = Vec::new();
            members.all([born, merged], &mut identifiers, |row| arrival(row, 0))?;
            story.former.push(Former { id, created_seq: Arrival(born), merged, identifiers });
        }
    }
    known.with_history.extend(ids);
    Ok(())
}

/// For each identifier, the identifiers that were kept apart from it.
pub(super) fn kept_apart(
    db: &Connection,
    ids: &[IdentifierId],
    as_of: Option<Moment>,
) -> Result<Vec<Vec<IdentifierId>>> {
    let change = as_of.map_or(i64::MAX, |moment| moment.change);
    let mut statement = KEPT_APART.on(db)?;
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        let mut others = Vec::new();
        statement.all([id.0, change], &mut others, |row| arrival(row, 0))?;
        // Several decisions may keep the same two apart.
        others.sort_unstable();
        others.dedup();
        others.truncate(MOST_KEPT_APART);
        all.push(others);
    }
    Ok(all)
}

/// Writes decisions, and the sides of identifiers.
pub(super) fn insert(db: &Connection, plan: &Plan) -> Result<()> {
    let mut decision = INSERT_DECISION.on(db)?;
    let mut side = INSERT_SIDE.on(db)?;
    for Decision { arrival, at, kind, by, reason, sides } in &plan.decisions {
        let kind = kind.as_str();
        decision.execute(params![arrival.0, at.0, kind, &**by, &**reason, serde_json::to_string(sides)?])?;
        for (n, identifiers) in sides.iter().enumerate() {
            for identifier in identifiers {
                side.execute(params![identifier.0, arrival.0, kind, n as i64 + 1, plan.seq])?;
            }
        }
    }
    for taken in &plan.sides {
        side.execute(params![taken.identifier.0, taken.decision.0, taken.kind.as_str(), taken.number, plan.seq])?;
    }
    Ok(())
}

/// `arrival, at, kind, by, reason, sides`.
pub(super) fn decode(row: &Row<'_>) -> Result<Decision> {
    Ok(Decision {
        arrival: arrival(row, 0)?,
        at: time(row, 1)?,
        kind: word(row, 2, DecisionKind::parse)?,
        by: text(row, 3)?,
        reason: text(row, 4)?,
        sides: json(row, 5)?,
    })
}

/// `arrival, identifiers, rules_version`.
pub(super) fn decode_evidence(row: &Row<'_>) -> Result<Evidence> {
    Ok(Evidence { arrival: arrival(row, 0)?, identifiers: json(row, 1)?, rules_version: row.get(2)? })
}
