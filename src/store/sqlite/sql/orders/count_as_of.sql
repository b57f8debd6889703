-- Orders of the owner now and then, and orders that it owned only then.
SELECT (
    SELECT count(*)
    FROM orders
    WHERE owner = ?1 AND placed_at >= ?2 AND placed_at < ?3 AND placed_arrival < ?4
      AND NOT EXISTS (SELECT 1 FROM past_owner WHERE touchpoint = placed_arrival AND until > ?5)
) + (
    SELECT count(*)
    FROM past_owner p
    JOIN touchpoint t ON t.arrival = p.touchpoint
    JOIN orders o ON o.number = t.order_number AND o.source = t.order_source AND o.placed_arrival = p.touchpoint
    WHERE p.owner = ?1 AND p.at >= ?2 AND p.at < ?3 AND p.since <= ?5 AND p.until > ?5
)
