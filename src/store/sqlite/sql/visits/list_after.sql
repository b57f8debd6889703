-- A device's own touchpoints, and the touchpoints of signed-in people on it, from a place on. A touchpoint with `moved`
-- was the device's own before it got another owner.
SELECT arrival, at, owner, coalesce(moved, arrival >> 20), 1, source, session_id, place
FROM touchpoint
WHERE owner = ?1 AND (at, place) > (?2, ?3) AND direction = 'INBOUND'
UNION ALL
SELECT arrival, at, owner, coalesce(moved, arrival >> 20), moved IS NOT NULL, source, session_id, place
FROM touchpoint
WHERE carrier = ?1 AND (at, place) > (?2, ?3) AND direction = 'INBOUND'
ORDER BY at, place
LIMIT ?4
