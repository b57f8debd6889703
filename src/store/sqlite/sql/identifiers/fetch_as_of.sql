-- What never changes of it, and when it has been seen up to now.
SELECT kind, value, first_seen_at, last_seen_at, shared_since
FROM identifier
WHERE id = ?1
