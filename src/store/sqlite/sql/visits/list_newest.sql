-- The latest touchpoints of the stream at a moment. The signed-in person of a touchpoint never changes.
SELECT arrival, at, owner, coalesce(moved, arrival >> 20), 1, source, session_id, place
FROM touchpoint
WHERE owner = ?1 AND at >= ?2 AND place < ?3 AND direction = 'INBOUND'
UNION ALL
SELECT arrival, at, owner, coalesce(moved, arrival >> 20), moved IS NOT NULL, source, session_id, place
FROM touchpoint
WHERE carrier = ?1 AND at >= ?2 AND place < ?3 AND direction = 'INBOUND'
ORDER BY at DESC, place DESC
LIMIT ?4
