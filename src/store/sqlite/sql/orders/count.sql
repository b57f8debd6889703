SELECT count(*)
FROM orders
WHERE owner = ?1 AND placed_at >= ?2 AND placed_at < ?3 AND placed_arrival < ?4
