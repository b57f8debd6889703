-- Each device with the present times of this identifier on it.
SELECT
    d.id,
    coalesce(s.first_seen_at, max(d.first_seen_at, i.first_seen_at)),
    coalesce(s.last_seen_at, min(d.last_seen_at, i.last_seen_at))
FROM stored_on s
JOIN device d ON d.id = s.device
JOIN identifier i ON i.id = s.identifier
WHERE s.identifier = ?1 AND s.since <= ?2
