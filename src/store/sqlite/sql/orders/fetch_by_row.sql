SELECT source, number, events
FROM orders
WHERE id = ?1
