-- Revokes the keys of a name that are in force at ?2.
UPDATE access_key
SET revoked_at = ?2
WHERE name = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)
