SELECT m.segment, m.since
FROM customer c
JOIN segment_membership m ON m.customer = c.born
WHERE c.id = ?1
ORDER BY m.segment
