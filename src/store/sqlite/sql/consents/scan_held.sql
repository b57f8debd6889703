SELECT g.identifier, c.purpose, c.status, c.expires_at, c.channel
FROM gave g INDEXED BY gave_now
JOIN consent c ON c.arrival = g.consent
WHERE g.until IS NULL AND g.identifier > ?1
ORDER BY g.identifier
LIMIT ?2
