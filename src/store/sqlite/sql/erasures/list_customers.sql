-- A customer and the customers that were merged into it.
SELECT born, id
FROM customer
WHERE born = ?1
UNION ALL
SELECT born, id
FROM customer
WHERE survivor = ?1
