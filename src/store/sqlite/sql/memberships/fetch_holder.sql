SELECT id, customer
FROM identifier
WHERE id = ?1
