-- How many keys of a name are in force at a time.
SELECT count(*)
FROM access_key
WHERE name = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)
