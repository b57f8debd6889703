-- The present customers of customers' keys.
SELECT coalesce(survivor, born)
FROM customer
WHERE born IN (SELECT value FROM json_each(?1))
