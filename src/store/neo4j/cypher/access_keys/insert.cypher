// A key, unless one of its name is in force. `slot` is unique: of two keys of a name that are stored at the same time,
// the constraint refuses one, also when neither statement sees the other's key.
OPTIONAL MATCH (k:AccessKey {name: $name})
USING INDEX k:AccessKey(name)
WITH count(k) AS number,
  count(
    CASE
      WHEN k IS NOT NULL AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $created_at) THEN 1
    END
  ) AS in_force
WHERE in_force = 0
CREATE (k:AccessKey {hash: $hash, name: $name, slot: $name + '/' + toString(number)})
SET k.role = $role, k.purposes = $purposes, k.created_at = $created_at, k.source = $source, k.expires_at = $expires_at
RETURN count(k) AS changed
