DELETE FROM claim
WHERE owner IN (SELECT value FROM json_each(?1)) AND until IS NULL
