//! Operations about saved segments.

use std::sync::Arc;

use async_trait::async_trait;

use super::Result;
use crate::domain::Timestamp;
use crate::domain::segment::{Segment, SegmentContent, SegmentId};

/// The segments and their versions that a writer has read, in order of their ids.
pub type SegmentsRead = Vec<(SegmentId, i64)>;

/// A version to save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSegment {
    /// The segment that it changes; `None` for a new one.
    pub id: Option<SegmentId>,
    /// Who saves it.
    pub by: Arc<str>,
    /// The content.
    pub content: SegmentContent,
}

/// The operations about segments.
///
/// Whether a name is free, whether segments name each other in a circle, and whether a segment is in use depends on all
/// segments. So a write says which versions it has read, and is done only when these are all segments of that time.
#[async_trait]
pub trait Segments: Send + Sync + 'static {
    /// The newest versions of all segments, in order of their ids: now, or those that a change found or made.
    async fn segments(&self, at: Option<i64>) -> Result<Vec<Segment>>;

    /// Saves a version, in a change of its own that has no entries. `None` when `read` is not what is there now; then
    /// nothing is saved.
    async fn save_segment(&self, read: &SegmentsRead, new: &NewSegment, at: Timestamp) -> Result<Option<Segment>>;

    /// Deletes a segment, in a change of its own that has no entries. Views of the past still have it. `false` when `read`
    /// is not what is there now, or has no such segment; then nothing is deleted.
    async fn delete_segment(&self, read: &SegmentsRead, id: SegmentId, at: Timestamp) -> Result<bool>;

    /// Whether the store has a claim of this trait.
    async fn has_trait(&self, name: &str) -> Result<bool>;
}

/// What a writer has read.
pub fn read_of(segments: &[Segment]) -> SegmentsRead {
    segments.iter().map(|segment| (segment.id, segment.version)).collect()
}

/// The next version: the one after the version in `read`, else the first of a new segment with the id `change`.
pub(super) fn next(read: &SegmentsRead, new: &NewSegment, change: i64, saved_at: Timestamp) -> Option<Segment> {
    let (id, version) = match new.id {
        None => (SegmentId(change), 1),
        Some(id) => (id, read.iter().find(|(other, _)| *other == id)?.1 + 1),
    };
    Some(Segment { id, version, saved_at, saved_by: new.by.clone(), content: new.content.clone() })
}
