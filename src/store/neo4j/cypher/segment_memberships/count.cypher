// Counted in the index on (segment, born).
MATCH (m:SegmentMembership)
USING INDEX SEEK m:SegmentMembership(segment, born)
WHERE m.segment = $segment AND m.born IS NOT NULL
RETURN count(m) AS count
