-- Two are enough to know that a number was shared. Orders that waited were nobody's.
SELECT owner
FROM orders
WHERE number = ?1 AND (?2 IS NULL OR source = ?2) AND owner IS NOT NULL AND placed_arrival < ?3
LIMIT 2
