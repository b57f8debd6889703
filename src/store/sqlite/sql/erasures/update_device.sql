-- A time of which nothing is known stays.
UPDATE device
SET first_seen_at = max(first_seen_at, ?2), last_seen_at = min(last_seen_at, ?3)
WHERE id = ?1
