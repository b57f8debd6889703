// The next key of a name, if one is in force. Those end at $until, or earlier if they expire earlier. `slot` is unique, as
// in `insert`.
MATCH (old:AccessKey {name: $name})
USING INDEX old:AccessKey(name)
WITH collect(old) AS known
WITH size(known) AS number,
  [k IN known WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $created_at)] AS ending
WHERE size(ending) > 0
FOREACH (old IN ending | SET old.expires_at = CASE WHEN old.expires_at < $until THEN old.expires_at ELSE $until END)
CREATE (k:AccessKey {hash: $hash, name: $name, slot: $name + '/' + toString(number)})
SET k.role = $role, k.purposes = $purposes, k.created_at = $created_at, k.source = $source, k.expires_at = $expires_at
RETURN count(k) AS changed
