-- Orders after an order, by the arrival of their first events.
SELECT source, number, currency, status = 'CANCELLED', coalesce(vast_total, total), coalesce(vast_returned, returned)
FROM orders
WHERE id > ifnull((SELECT id FROM orders WHERE number = ?1 AND source = ?2), 0) AND owner IS NOT NULL
ORDER BY id
LIMIT ?3
