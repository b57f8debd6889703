-- Two rows are enough to know that several sources used a number. Waiting orders had no owner.
SELECT coalesce((
           SELECT p.owner
           FROM past_owner p
           WHERE p.touchpoint = o.placed_arrival AND p.until > ?4
           ORDER BY p.until
           LIMIT 1
       ), o.owner)
FROM orders o
WHERE o.number = ?1 AND (?2 IS NULL OR o.source = ?2) AND o.owner IS NOT NULL AND o.placed_arrival < ?3
LIMIT 2
