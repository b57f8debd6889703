-- The consents of an identifier at a moment.
SELECT c.arrival, c.owner, c.purpose, c.channel, c.status, c.expires_at, c.at, c.source
FROM gave g
JOIN consent c ON c.arrival = g.consent
WHERE g.identifier = ?1 AND g.since <= ?2 AND (g.until IS NULL OR g.until > ?2)
