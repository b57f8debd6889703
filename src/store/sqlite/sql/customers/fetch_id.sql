SELECT id
FROM customer
WHERE born = ?1
