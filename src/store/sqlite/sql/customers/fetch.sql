SELECT id, version
FROM customer
WHERE born = ?1
