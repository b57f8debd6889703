// All segments after a change: of each the newest version of that time. It reads all versions on purpose. A save only
// adds a node, so a reader beside it finds the version before or the new one.
MATCH (s:SegmentVersion)
WHERE s.since <= $at
WITH s
ORDER BY s.segment, s.version DESC
WITH s.segment AS segment, collect(s) AS versions
WITH segment, versions[0] AS s
WHERE coalesce(s.deleted > $at, true)
RETURN segment, s.version AS version, s.name AS name, s.description AS description, s.time_zone AS time_zone,
  s.definition AS definition, s.uses AS uses, s.saved_at AS saved_at, s.saved_by AS saved_by
ORDER BY segment
