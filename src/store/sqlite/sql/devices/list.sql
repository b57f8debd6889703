-- Each device with the times of this identifier on it, and the times of all its identifiers.
SELECT
    d.id, d.key, d.kind, d.os, d.model,
    coalesce(s.first_seen_at, max(d.first_seen_at, i.first_seen_at)),
    coalesce(s.last_seen_at, min(d.last_seen_at, i.last_seen_at)),
    d.first_seen_at,
    d.last_seen_at
FROM stored_on s
JOIN device d ON d.id = s.device
JOIN identifier i ON i.id = s.identifier
WHERE s.identifier = ?1
