// A walk along the index on (segment, born): no customer comes twice, and a page costs the same anywhere.
MATCH (m:SegmentMembership)
USING INDEX SEEK m:SegmentMembership(segment, born)
WHERE m.segment = $segment AND m.born > $after
RETURN m.customer AS customer, m.born AS born
ORDER BY m.born
LIMIT $limit
