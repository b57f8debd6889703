-- Two rows are enough to know that several sources use a number. Waiting orders have no owner and do not count.
SELECT i.customer
FROM orders o
JOIN identifier i ON i.id = o.owner
WHERE o.number = ?1 AND (?2 IS NULL OR o.source = ?2)
LIMIT 2
