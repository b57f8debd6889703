-- The fixed columns of an identifier, and its times up to now.
SELECT kind, value, first_seen_at, last_seen_at, shared_since
FROM identifier
WHERE id = ?1
