DELETE FROM link
WHERE to_id IN (SELECT value FROM json_each(?1))
