SELECT arrival, owner, purpose, channel, status, expires_at, at, source
FROM consent
WHERE arrival = ?1
