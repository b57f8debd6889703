-- The present claims of one identifier with one name and one value, one row for each source and provenance.
SELECT arrival, owner, name, value, provenance, at, first_at, count, source, message_id, first_message_id
FROM claim
WHERE owner = ?1 AND name = ?2 AND hash = ?4 AND value = ?3 AND until IS NULL
