-- As list, at a moment. The owner of an order is the owner of the touchpoint that placed it.
SELECT placed_at, placed_arrival, id
FROM orders
WHERE owner = ?1
  AND (placed_at, placed_arrival) < (?2, ?3)
  AND placed_at >= ?4
  AND placed_arrival < ?6
  AND NOT EXISTS (SELECT 1 FROM past_owner WHERE touchpoint = placed_arrival AND until > ?7)
UNION ALL
SELECT p.at, p.touchpoint, o.id
FROM past_owner p
JOIN touchpoint t ON t.arrival = p.touchpoint
JOIN orders o ON o.number = t.order_number AND o.source = t.order_source AND o.placed_arrival = p.touchpoint
WHERE p.owner = ?1
  AND (p.at, p.touchpoint) < (?2, ?3)
  AND p.at >= ?4
  AND p.since <= ?7 AND p.until > ?7
ORDER BY 1 DESC, 2 DESC
LIMIT ?5
