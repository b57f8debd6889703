SELECT id, number, source, events
FROM orders
WHERE owner IS NOT NULL AND owner IN (SELECT value FROM json_each(?1))
