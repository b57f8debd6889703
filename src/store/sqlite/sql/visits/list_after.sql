-- What a device did alone, and what it carried for whoever was signed in, from a place on. What it did alone
-- and what was given away since differ from the rest by `moved`.
SELECT arrival, at, owner, coalesce(moved, arrival >> 20), 1, source, session_id, place
FROM touchpoint
WHERE owner = ?1 AND (at, place) > (?2, ?3) AND direction = 'INBOUND'
UNION ALL
SELECT arrival, at, owner, coalesce(moved, arrival >> 20), moved IS NOT NULL, source, session_id, place
FROM touchpoint
WHERE carrier = ?1 AND (at, place) > (?2, ?3) AND direction = 'INBOUND'
ORDER BY at, place
LIMIT ?4
