SELECT id, kind, value, shared_since IS NOT NULL, customer
FROM identifier
WHERE id IN (SELECT value FROM json_each(?1))
