SELECT customer
FROM identifier
WHERE kind = ?1 AND value = ?2
