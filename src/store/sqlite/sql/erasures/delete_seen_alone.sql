DELETE FROM seen_alone
WHERE identifier IN (SELECT value FROM json_each(?1))
