SELECT id, kind, value, shared_since IS NOT NULL
FROM identifier
WHERE customer = ?1
