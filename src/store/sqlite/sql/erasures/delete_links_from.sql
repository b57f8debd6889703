DELETE FROM link
WHERE from_id IN (SELECT value FROM json_each(?1))
