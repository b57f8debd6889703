SELECT device
FROM stored_on
WHERE identifier IN (SELECT value FROM json_each(?1))
