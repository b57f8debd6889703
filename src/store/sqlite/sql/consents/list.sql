-- The present consents of an identifier. The consent itself is stored once for all its identifiers.
SELECT c.arrival, c.owner, c.purpose, c.channel, c.status, c.expires_at, c.at, c.source
FROM gave g
JOIN consent c ON c.arrival = g.consent
WHERE g.identifier = ?1 AND g.until IS NULL
