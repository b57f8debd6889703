-- The keys of a name that are in force at ?2 end at ?3, or earlier if they expire earlier.
UPDATE access_key
SET expires_at = min(coalesce(expires_at, ?3), ?3)
WHERE name = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)
