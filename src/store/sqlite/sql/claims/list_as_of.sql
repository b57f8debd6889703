-- What an identifier claimed: rows that hold, and rows that a later one replaced since.
SELECT arrival, owner, name, value, provenance, at, first_at, count, source, message_id, first_message_id
FROM claim
WHERE owner = ?1 AND until IS NULL AND arrival < ?2
UNION ALL
SELECT arrival, owner, name, value, provenance, at, first_at, count, source, message_id, first_message_id
FROM claim
WHERE owner = ?1 AND until IS NOT NULL AND arrival < ?2 AND until > ?3
