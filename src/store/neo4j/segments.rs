//! Saved segments.

use super::Inner;
use super::bolt::Params;
use super::connections::Transaction;
use super::numbers::Number;
use super::rows::{column, json};
use super::segment_memberships;
use super::statement::statements;
use super::write::Outcome;
use crate::domain::Timestamp;
use crate::domain::segment::{Segment, SegmentContent, SegmentId};
use crate::domain::segment_membership::Sweep;
use crate::store::segments::{NewSegment, SegmentsRead, next, read_of};
use crate::store::{Result, StoreError};

statements! {
    LIST = "segments/list";
    INSERT = "segments/insert";
    DELETE = "segments/update_deleted";
    HAS_TRAIT = "claims/count_trait";
}

/// A write of segments.
#[derive(Clone, Copy)]
pub(super) enum SegmentWrite<'a> {
    Save(&'a NewSegment),
    Delete(SegmentId),
}

/// All segments, now or after a change.
pub(super) async fn list(store: &Inner, at: Option<i64>) -> Result<Vec<Segment>> {
    segments(&store.connections.read(&LIST, of(at)).await?)
}

/// All segments of now, in a transaction.
pub(super) async fn list_in(transaction: &mut Transaction<'_>) -> Outcome<Vec<Segment>> {
    Ok(segments(&transaction.read(&LIST, of(None)).await?)?)
}

fn of(at: Option<i64>) -> Params {
    Params::new().with("at", at.unwrap_or(i64::MAX))
}

fn segments(rows: &[neo4rs::Row]) -> Result<Vec<Segment>> {
    let read = |row: &neo4rs::Row| {
        let uses: Vec<(String, i64)> = json("segments", column(row, "uses")?)?;
        Ok(Segment {
            id: SegmentId(column(row, "segment")?),
            version: column(row, "version")?,
            saved_at: Timestamp(column(row, "saved_at")?),
            saved_by: column::<&str>(row, "saved_by")?.into(),
            content: SegmentContent {
                name: column::<&str>(row, "name")?.into(),
                description: column::<Option<&str>>(row, "description")?.map(Into::into),
                time_zone: column::<&str>(row, "time_zone")?.into(),
                definition: column::<&str>(row, "definition")?.into(),
                uses: uses.into_iter().map(|(name, id)| (name.into(), SegmentId(id))).collect(),
            },
        })
    };
    rows.iter().map(read).collect()
}

/// Makes a write, in the transaction that took the change number. The answer is the version that was saved, or the last
/// version of the segment that was deleted. `None` when `read` is not what is there.
pub(super) async fn write(
    transaction: &mut Transaction<'_>,
    read: &SegmentsRead,
    write: SegmentWrite<'_>,
    number: &Number,
) -> Outcome<Option<Segment>> {
    let found = list_in(transaction).await?;
    if read_of(&found) != *read {
        return Ok(None);
    }
    match write {
        SegmentWrite::Save(new) => {
            let Some(segment) = next(read, new, number.seq, number.at) else { return Ok(None) };
            let content = &segment.content;
            let uses: Vec<(&str, i64)> = content.uses.iter().map(|(name, id)| (&**name, id.0)).collect();
            let uses = serde_json::to_string(&uses)
                .map_err(|_| StoreError::Refused("a segment whose names are no JSON".into()))?;
            let params = Params::new()
                .with("segment", segment.id.0)
                .with("version", segment.version)
                .with("since", number.seq)
                .with("name", &content.name)
                .with("description", &content.description)
                .with("time_zone", &content.time_zone)
                .with("definition", &content.definition)
                .with("uses", uses)
                .with("saved_at", segment.saved_at)
                .with("saved_by", &segment.saved_by);
            transaction.write(&INSERT, params).await?;
            sweep(transaction, segment.id, number).await?;
            Ok(Some(segment))
        }
        SegmentWrite::Delete(id) => {
            let Some(segment) = found.into_iter().find(|segment| segment.id == id) else { return Ok(None) };
            let params =
                Params::new().with("segment", id.0).with("version", segment.version).with("change", number.seq);
            transaction.write(&DELETE, params).await?;
            sweep(transaction, id, number).await?;
            Ok(Some(segment))
        }
    }
}

/// All customers are judged again, behind the change.
async fn sweep(transaction: &mut Transaction<'_>, segment: SegmentId, number: &Number) -> Outcome<()> {
    let sweep = Sweep { segment, change: number.seq, at: number.at, after: None };
    segment_memberships::put_sweep(transaction, &sweep).await
}

/// Whether there is a claim of this trait.
pub(super) async fn has_trait(store: &Inner, name: &str) -> Result<bool> {
    Ok(!store.connections.read(&HAS_TRAIT, Params::new().with("name", name)).await?.is_empty())
}
