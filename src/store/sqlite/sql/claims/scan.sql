-- What owners ever claimed of these traits up to a change: one partial index has what holds, the other what a
-- later claim replaced. In no order.
SELECT arrival, owner, name, value, provenance, at, first_at, count, source, message_id, first_message_id
FROM claim
WHERE owner > ?1 AND owner <= ?2 AND until IS NULL AND arrival < ?3 AND name IN (SELECT value FROM json_each(?4))
UNION ALL
SELECT arrival, owner, name, value, provenance, at, first_at, count, source, message_id, first_message_id
FROM claim
WHERE owner > ?1 AND owner <= ?2 AND until IS NOT NULL AND arrival < ?3 AND name IN (SELECT value FROM json_each(?4))
