INSERT INTO access_key (hash, name, role, source, purposes, created_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
