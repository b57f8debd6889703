SELECT born
FROM customer
WHERE id = ?1 AND born < ?2
