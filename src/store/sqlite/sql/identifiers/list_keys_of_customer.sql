SELECT id, kind, value
FROM identifier
WHERE customer = ?1
