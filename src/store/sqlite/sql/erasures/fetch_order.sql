SELECT id, owner, events
FROM orders
WHERE number = ?1 AND source = ?2
