-- One owner's range of the index. The merge over owners is in pages.rs.
SELECT placed_at, placed_arrival, id
FROM orders
WHERE owner = ?1
  AND (placed_at, placed_arrival) < (?2, ?3)
  AND placed_at >= ?4
  AND placed_arrival < ?6
ORDER BY placed_at DESC, placed_arrival DESC
LIMIT ?5
