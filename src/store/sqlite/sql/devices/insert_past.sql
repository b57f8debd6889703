-- The description of a device before this change, if this change replaces it.
INSERT INTO past_device (device, until, kind, os, model)
SELECT id, ?6, kind, os, model
FROM device
WHERE key = ?1 AND last_seen_at <= ?5 AND (kind, os, model) IS NOT (?2, ?3, ?4)
