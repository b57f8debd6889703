// Revokes the keys of a name that are in force at $at.
MATCH (k:AccessKey {name: $name})
USING INDEX k:AccessKey(name)
WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $at)
SET k.revoked_at = $at
RETURN count(k) AS changed
