// A key, unless one of its name is in force. The transaction has the counter's lock, so it sees the key of another call.
OPTIONAL MATCH (k:AccessKey {name: $name})
USING INDEX k:AccessKey(name)
WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $created_at)
WITH count(k) AS in_force
WHERE in_force = 0
CREATE (k:AccessKey {hash: $hash, name: $name, role: $role, purposes: $purposes, created_at: $created_at})
SET k.source = $source, k.expires_at = $expires_at
RETURN count(k) AS changed
