-- An order that waits for its COMPLETED is not there yet.
SELECT source, number, events
FROM orders
WHERE number = ?1 AND source = ?2 AND owner IS NOT NULL
