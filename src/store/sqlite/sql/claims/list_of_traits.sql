-- The present claims of an identifier about these traits.
SELECT arrival, owner, name, value, provenance, at, first_at, count, source, message_id, first_message_id
FROM claim
WHERE owner = ?1 AND name IN (SELECT value FROM json_each(?2)) AND until IS NULL
