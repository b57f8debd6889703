-- The times of a device on which others are.
SELECT count(*), min(coalesce(s.first_seen_at, i.first_seen_at)), max(coalesce(s.last_seen_at, i.last_seen_at))
FROM stored_on s
CROSS JOIN identifier i ON i.id = s.identifier
WHERE s.device = ?1
