SELECT id, kind, value, first_seen_at, last_seen_at, shared_since
FROM identifier
WHERE customer = ?1
