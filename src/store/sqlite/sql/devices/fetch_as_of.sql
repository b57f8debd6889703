SELECT key, kind, os, model, first_seen_at, last_seen_at
FROM device
WHERE id = ?1 AND since <= ?2
