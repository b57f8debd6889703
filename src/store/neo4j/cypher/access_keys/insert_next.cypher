// The next key of a name, if one is in force. Those end at $until, or earlier if they expire earlier. The transaction
// has the counter's lock, so it sees the keys of another call.
MATCH (old:AccessKey {name: $name})
USING INDEX old:AccessKey(name)
WHERE old.revoked_at IS NULL AND (old.expires_at IS NULL OR old.expires_at > $created_at)
SET old.expires_at = CASE WHEN old.expires_at < $until THEN old.expires_at ELSE $until END
WITH count(old) AS ended
WHERE ended > 0
CREATE (k:AccessKey {hash: $hash, name: $name, role: $role, purposes: $purposes, created_at: $created_at})
SET k.source = $source, k.expires_at = $expires_at
RETURN count(k) AS changed
