-- Behind an order, in the order in which they were first heard of.
SELECT source, number, currency, CASE status WHEN 'CANCELLED' THEN 0 ELSE total - returned END
FROM orders
WHERE id > ifnull((SELECT id FROM orders WHERE number = ?1 AND source = ?2), 0) AND owner IS NOT NULL
ORDER BY id
LIMIT ?3
