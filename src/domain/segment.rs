//! A saved segment: a condition on customers with a name. Each save makes a version; old versions are kept.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// The id of a segment: the number of the change that saved it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentId(pub i64);

/// What a person saves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentContent {
    /// Its name, unique in NFC without case.
    pub name: Arc<str>,
    /// What it is for, in that person's words.
    pub description: Option<Arc<str>>,
    /// The zone of the condition's calendar, an IANA name.
    pub time_zone: Arc<str>,
    /// The condition as JSON, as it was sent.
    pub definition: Arc<str>,
    /// The segments that the condition names, each with its folded name in `definition`. A segment that gets another name
    /// keeps its id, so the condition still finds it.
    pub uses: Vec<(Arc<str>, SegmentId)>,
}

/// A version of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Which segment.
    pub id: SegmentId,
    /// The version, from 1.
    pub version: i64,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// Who saved it.
    pub saved_by: Arc<str>,
    /// What was saved.
    pub content: SegmentContent,
}
