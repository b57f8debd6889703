INSERT INTO consent (arrival, owner, purpose, channel, status, at, expires_at, source)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
