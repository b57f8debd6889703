// All keys: a server keeps them in memory.
MATCH (k:AccessKey)
RETURN k.hash AS hash, k.name AS name, k.role AS role, k.source AS source, k.purposes AS purposes,
  k.created_at AS created_at, k.expires_at AS expires_at, k.revoked_at AS revoked_at, k.used_at AS used_at
ORDER BY name, created_at, hash
