-- The values of claims, for their search words.
SELECT owner, value
FROM claim
WHERE owner IN (SELECT value FROM json_each(?1)) AND until IS NULL
UNION ALL
SELECT owner, value
FROM claim
WHERE owner IN (SELECT value FROM json_each(?1)) AND until IS NOT NULL
