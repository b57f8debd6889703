DELETE FROM touchpoint
WHERE owner IN (SELECT value FROM json_each(?1))
