//! All saved segments of a moment: by name, by id, and which names which.

use std::sync::Arc;

use serde_json::Value;

use super::value::fold;
use crate::domain::segment::{Segment, SegmentId};

/// The most segments of a store.
pub const MOST_SEGMENTS: usize = 1_000;
/// The most conditions of a condition with those of the segments that it names, and that these name.
pub const MOST_CONDITIONS_INSIDE: usize = 1_000;

/// The most levels of segments that name each other.
pub const MOST_SEGMENT_LEVELS: usize = 8;

/// Saved segments, in order of their ids.
#[derive(Clone, Debug, Default)]
pub struct SavedSegments(pub Arc<Vec<Segment>>);

/// A name as names are compared: in NFC, without case and without white space at the ends.
pub fn fold_name(name: &str) -> String {
    fold(name.trim())
}

impl SavedSegments {
    /// The segment with this name.
    pub fn named(&self, name: &str) -> Option<&Segment> {
        let name = fold_name(name);
        self.0.iter().find(|segment| fold_name(&segment.content.name) == name)
    }

    /// The segment with this id.
    pub fn get(&self, id: SegmentId) -> Option<&Segment> {
        self.0.iter().find(|segment| segment.id == id)
    }

    /// The segments that name this one, in order of their ids.
    pub fn users(&self, id: SegmentId) -> impl Iterator<Item = &Segment> {
        self.0.iter().filter(move |segment| segment.content.uses.iter().any(|(_, used)| *used == id))
    }

    /// The segments that name this one, directly or through others.
    pub fn all_users(&self, id: SegmentId) -> Vec<&Segment> {
        let mut found: Vec<&Segment> = self.users(id).collect();
        let mut next = 0;
        while let Some(user) = found.get(next).map(|user| user.id) {
            let more: Vec<&Segment> = self.users(user).filter(|more| !found.iter().any(|f| f.id == more.id)).collect();
            found.extend(more);
            next += 1;
        }
        found
    }

    /// The shortest way from one segment to another by the names in their definitions, with both ends. `None` without one.
    pub fn way(&self, from: SegmentId, to: SegmentId) -> Option<Vec<SegmentId>> {
        let mut ways = vec![vec![from]];
        let mut next = 0;
        while let Some(way) = ways.get(next).cloned() {
            let last = way.last().copied()?;
            if last == to {
                return Some(way);
            }
            for (_, used) in self.get(last).iter().flat_map(|segment| &segment.content.uses) {
                if !ways.iter().any(|known| known.last() == Some(used)) {
                    ways.push(way.iter().copied().chain([*used]).collect());
                }
            }
            next += 1;
        }
        None
    }

    /// The definition of a segment with the present names of the segments that it names.
    pub fn definition(&self, segment: &Segment) -> Value {
        let mut definition: Value = serde_json::from_str(&segment.content.definition).unwrap_or_default();
        self.rename(&mut definition, segment);
        definition
    }

    fn rename(&self, condition: &mut Value, within: &Segment) {
        let Some((key, value)) = condition.as_object_mut().and_then(|object| object.iter_mut().next()) else { return };
        match key.as_str() {
            "all" | "any" => {
                value.as_array_mut().into_iter().flatten().for_each(|one| self.rename(one, within));
            }
            "not" => self.rename(value, within),
            "segment" => {
                let Some(name) = value.get_mut("name") else { return };
                let folded = fold_name(name.as_str().unwrap_or_default());
                let used = within.content.uses.iter().find(|(used, _)| **used == *folded);
                let present = used.and_then(|(_, id)| self.get(*id));
                if let Some(present) = present.filter(|present| fold_name(&present.content.name) != folded) {
                    *name = Value::from(&*present.content.name);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::segment::SegmentContent;

    fn segment(id: i64, name: &str, definition: Value, uses: &[(&str, i64)]) -> Segment {
        Segment {
            id: SegmentId(id),
            version: 1,
            saved_at: Timestamp(0),
            saved_by: "clerk".into(),
            content: SegmentContent {
                name: name.into(),
                description: None,
                time_zone: "UTC".into(),
                definition: definition.to_string().into(),
                uses: uses.iter().map(|(name, id)| ((*name).into(), SegmentId(*id))).collect(),
            },
        }
    }

    fn saved() -> SavedSegments {
        let names = |name: &str| json!({"segment": {"name": name}});
        SavedSegments(Arc::new(vec![
            segment(1, "Great", json!({"all": []}), &[]),
            segment(2, "b", json!({"all": [{"not": names("VIP")}, {"trait": {"name": "vip"}}]}), &[("vip", 1)]),
            segment(3, "c", json!({"any": [names("b"), names("Great")]}), &[("b", 2), ("great", 1)]),
        ]))
    }

    #[test]
    fn a_name_is_found_without_case_and_in_any_composition() {
        let saved = saved();
        assert_eq!(saved.named(" GREAT ").map(|found| found.id), Some(SegmentId(1)));
        assert!(saved.named("VIP").is_none(), "its former name");
        let cafe = SavedSegments(Arc::new(vec![segment(1, "caf\u{e9}", json!({"all": []}), &[])]));
        assert!(cafe.named("CAFE\u{301}").is_some());
    }

    #[test]
    fn a_definition_has_the_present_names() {
        let saved = saved();
        let definition = |id| saved.definition(saved.get(SegmentId(id)).expect("a segment")).to_string();
        assert_eq!(definition(2), r#"{"all":[{"not":{"segment":{"name":"Great"}}},{"trait":{"name":"vip"}}]}"#);
        assert_eq!(definition(3), r#"{"any":[{"segment":{"name":"b"}},{"segment":{"name":"Great"}}]}"#);
    }

    #[test]
    fn a_way_and_the_users_go_by_names_in_definitions() {
        let saved = saved();
        let way = |from, to| saved.way(SegmentId(from), SegmentId(to)).map(|way| way.len());
        assert_eq!([way(3, 1), way(2, 1), way(1, 3), way(2, 2)], [Some(2), Some(2), None, Some(1)]);
        let users = |id| saved.all_users(SegmentId(id)).iter().map(|user| user.id.0).collect::<Vec<_>>();
        assert_eq!([users(1), users(2), users(3)], [vec![2, 3], vec![3], vec![]]);
    }
}
