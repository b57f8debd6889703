-- The present and past consents of an identifier, and whether each is present.
SELECT c.arrival, c.owner, c.purpose, c.channel, c.status, c.expires_at, c.at, c.source, g.until IS NULL
FROM gave g
JOIN consent c ON c.arrival = g.consent
WHERE g.identifier = ?1
