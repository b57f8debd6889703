SELECT survivor
FROM customer
WHERE born = ?1
