UPDATE customer
SET version = version + 1
WHERE born IN (SELECT value FROM json_each(?1))
