SELECT id, key, kind, os, model, first_seen_at, last_seen_at
FROM device
WHERE key = ?1
