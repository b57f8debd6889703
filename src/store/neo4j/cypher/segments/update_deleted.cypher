// The last version says when the segment was deleted.
MATCH (s:SegmentVersion {segment: $segment, version: $version})
USING INDEX SEEK s:SegmentVersion(segment, version)
SET s.deleted = $change
