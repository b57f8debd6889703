-- The consents that identifiers hold or held.
SELECT g.consent
FROM gave g
WHERE g.identifier IN (SELECT value FROM json_each(?1))
