-- The last use of a key never goes back: several servers record it.
UPDATE access_key
SET used_at = ?2
WHERE hash = ?1 AND (used_at IS NULL OR used_at < ?2)
