// A page of each, newest first, like the present page, at a moment. The owner of an order is the owner of the
// touchpoint that placed it.
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (o:Order)
    USING INDEX SEEK o:Order(owner, placed_at, placed_arrival)
    WHERE o.owner = i.id AND o.placed_at >= $since AND o.placed_at < $until AND o.placed_arrival < $end
      AND CASE WHEN o.placed_at = $edge THEN o.placed_arrival < $place ELSE true END
      AND NOT EXISTS {
        MATCH (x:PastOwner)
        USING INDEX SEEK x:PastOwner(touchpoint, until)
        WHERE x.touchpoint = o.placed_arrival AND x.until > $seq
      }
    RETURN o
    ORDER BY o.owner DESC, o.placed_at DESC, o.placed_arrival DESC
    LIMIT $limit
    UNION ALL
    MATCH (w:PastOwner)
    USING INDEX SEEK w:PastOwner(owner, at, touchpoint)
    WHERE w.owner = i.id AND w.at >= $since AND w.at < $until AND w.touchpoint < $end
      AND CASE WHEN w.at = $edge THEN w.touchpoint < $place ELSE true END
      AND w.since <= $seq AND w.until > $seq
    MATCH (w)-[:WAS_OWNER_OF]->(:Touchpoint)-[:ABOUT]->(o:Order)
    WHERE o.placed_arrival = w.touchpoint
    WITH w, o
    ORDER BY w.owner DESC, w.at DESC, w.touchpoint DESC
    LIMIT $limit
    RETURN o
  }
  WITH o
  ORDER BY o.placed_at DESC, o.placed_arrival DESC
  LIMIT $limit
  RETURN collect([o.source, o.number, o.events, COLLECT { MATCH (o)-[:CONTAINS|RETURNED]->(p:Product) RETURN [p.sku, p.name, p.category] }]) AS items
}
RETURN n, items
