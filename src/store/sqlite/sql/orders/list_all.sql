SELECT source, number, events
FROM orders
WHERE owner = ?1
