// The owners of orders that were placed by then, by number, and by source if given.
UNWIND range(0, size($keys) - 1) AS n
MATCH (o:Order {number: $keys[n][0]})
USING INDEX SEEK o:Order(number)
WHERE o.owner IS NOT NULL AND o.placed_arrival < $end AND ($keys[n][1] IS NULL OR o.source = $keys[n][1])
RETURN n, coalesce(head(COLLECT {
  MATCH (p:PastOwner)
  USING INDEX SEEK p:PastOwner(touchpoint, until)
  WHERE p.touchpoint = o.placed_arrival AND p.until > $seq
  RETURN p.owner
  ORDER BY p.until
  LIMIT 1
}), o.owner) AS owner
