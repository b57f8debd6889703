-- Not an order that waits for its COMPLETED event.
SELECT source, number, events
FROM orders
WHERE number = ?1 AND source = ?2 AND owner IS NOT NULL
