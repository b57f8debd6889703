SELECT d.id, d.key, d.kind, d.os, d.model, d.first_seen_at, d.last_seen_at
FROM stored_on s
JOIN device d ON d.id = s.device
WHERE s.identifier = ?1
