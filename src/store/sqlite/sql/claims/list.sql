-- Present ones only: the index is partial on exactly this. ?2 is the most rows; -1 is all.
SELECT arrival, owner, name, value, provenance, at, first_at, count, source, message_id, first_message_id
FROM claim
WHERE owner = ?1 AND until IS NULL
LIMIT ?2
