-- The holders of consents. Consents have no index by consent: erasures are rare.
SELECT consent, identifier
FROM gave
WHERE consent IN (SELECT value FROM json_each(?1))
