// Of all segments, the deleted ones too: these have no members. It reads all versions on purpose. Without a change it is
// the upgrade of older data, at the time of the database.
MATCH (v:SegmentVersion)
USING INDEX SEEK v:SegmentVersion(segment, version)
WHERE v.segment > 0 AND v.version IS NOT NULL
WITH DISTINCT v.segment AS segment
MERGE (s:Sweep {segment: segment})
SET s.change = $change, s.at = coalesce($at, timestamp()), s.after = null
