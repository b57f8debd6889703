DELETE FROM side
WHERE identifier IN (SELECT value FROM json_each(?1))
