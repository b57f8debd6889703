-- All keys: a server keeps them in memory. The order is that of the primary key.
SELECT hash, name, role, source, purposes, created_at, expires_at, revoked_at, used_at
FROM access_key
ORDER BY name, created_at, hash
