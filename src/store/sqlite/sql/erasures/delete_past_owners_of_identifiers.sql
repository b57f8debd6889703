DELETE FROM past_owner
WHERE owner IN (SELECT value FROM json_each(?1))
