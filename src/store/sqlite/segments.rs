//! Saved segments.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::row::{json, optional_text, text, time};
use super::statement::statements;
use super::{segment_memberships, status, write};
use crate::domain::Timestamp;
use crate::domain::segment::{Segment, SegmentContent, SegmentId};
use crate::stitching::Plan;
use crate::stitching::known::Known;
use crate::store::Result;
use crate::store::segments::{NewSegment, SegmentsRead, next, read_of};

statements! {
    LIST = "segments/list";
    INSERT = "segments/insert";
    DELETE = "segments/update_deleted";
    HAS_TRAIT = "claims/count_trait";
}

/// All segments, now or after a change.
pub(super) fn list(db: &Connection, at: Option<i64>) -> Result<Vec<Segment>> {
    let mut all = Vec::new();
    LIST.on(db)?.all([at.unwrap_or(i64::MAX)], &mut all, |row| {
        let uses: Vec<(String, i64)> = json(row, 6)?;
        Ok(Segment {
            id: SegmentId(row.get(0)?),
            version: row.get(1)?,
            saved_at: time(row, 7)?,
            saved_by: text(row, 8)?,
            content: SegmentContent {
                name: text(row, 2)?,
                description: optional_text(row, 3)?,
                time_zone: text(row, 4)?,
                definition: text(row, 5)?,
                uses: uses.into_iter().map(|(name, id)| (name.into(), SegmentId(id))).collect(),
            },
        })
    })?;
    Ok(all)
}

/// Saves a version, if `read` is what is there.
pub(super) fn save(
    db: &mut Connection,
    read: &SegmentsRead,
    new: &NewSegment,
    at: Timestamp,
) -> Result<Option<Segment>> {
    let Some((transaction, plan)) = begin(db, read, at)? else { return Ok(None) };
    let Some(segment) = next(read, new, plan.seq, plan.at) else { return Ok(None) };
    let Segment { id, version, saved_at, saved_by, content } = &segment;
    let uses: Vec<(&str, i64)> = content.uses.iter().map(|(name, id)| (&**name, id.0)).collect();
    INSERT.on(&transaction)?.execute(params![
        id.0,
        version,
        plan.seq,
        &*content.name,
        content.description.as_deref(),
        &*content.time_zone,
        &*content.definition,
        serde_json::to_string(&uses)?,
        saved_at.0,
        &**saved_by,
    ])?;
    segment_memberships::sweep(&transaction, *id, plan.seq, plan.at)?;
    write::write(&transaction, &Known::default(), &plan)?;
    transaction.commit()?;
    Ok(Some(segment))
}

/// Deletes a segment, if `read` is what is there.
pub(super) fn delete(db: &mut Connection, read: &SegmentsRead, id: SegmentId, at: Timestamp) -> Result<bool> {
    let Some((_, version)) = read.iter().find(|(other, _)| *other == id) else { return Ok(false) };
    let Some((transaction, plan)) = begin(db, read, at)? else { return Ok(false) };
    DELETE.on(&transaction)?.execute([id.0, *version, plan.seq])?;
    segment_memberships::sweep(&transaction, id, plan.seq, plan.at)?;
    write::write(&transaction, &Known::default(), &plan)?;
    transaction.commit()?;
    Ok(true)
}

/// Whether there is a claim of this trait.
pub(super) fn has_trait(db: &Connection, name: &str) -> Result<bool> {
    Ok(HAS_TRAIT.on(db)?.count([name])? != 0)
}

/// Begins a change without entries. `None` when `read` is not what is there.
fn begin<'c>(db: &'c mut Connection, read: &SegmentsRead, at: Timestamp) -> Result<Option<(Transaction<'c>, Plan)>> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if read_of(&list(&transaction, None)?) != *read {
        return Ok(None);
    }
    let (last, last_at) = status::last_change(&transaction)?;
    Ok(Some((transaction, Plan { seq: last + 1, at: at.max(last_at), ..Plan::default() })))
}
