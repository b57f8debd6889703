SELECT kind, value, customer
FROM identifier
WHERE id = ?1 AND customer IS NOT NULL
