-- A device's own touchpoints, and those of signed-in people on it, from a place on. The column `moved` tells
-- touchpoints that the device owns or owned from those of signed-in people.
SELECT arrival, at, owner, coalesce(moved, arrival >> 20), 1, source, session_id, place
FROM touchpoint
WHERE owner = ?1 AND (at, place) > (?2, ?3) AND direction = 'INBOUND'
UNION ALL
SELECT arrival, at, owner, coalesce(moved, arrival >> 20), moved IS NOT NULL, source, session_id, place
FROM touchpoint
WHERE carrier = ?1 AND (at, place) > (?2, ?3) AND direction = 'INBOUND'
ORDER BY at, place
LIMIT ?4
