-- The description of a device at a moment, if it has changed since.
SELECT kind, os, model
FROM past_device
WHERE device = ?1 AND until > ?2
ORDER BY until
LIMIT 1
