SELECT source, number, events
FROM orders
WHERE owner = ?1 AND NOT EXISTS (SELECT 1 FROM past_owner WHERE touchpoint = placed_arrival AND until > ?2)
UNION ALL
SELECT o.source, o.number, o.events
FROM past_owner p
JOIN touchpoint t ON t.arrival = p.touchpoint
JOIN orders o ON o.number = t.order_number AND o.source = t.order_source AND o.placed_arrival = p.touchpoint
WHERE p.owner = ?1 AND p.since <= ?2 AND p.until > ?2
