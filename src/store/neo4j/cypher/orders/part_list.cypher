// A page of each, newest first: a range for each owner from the index on (owner, placed_at, placed_arrival), and the
// merge of these few. Waiting orders have no owner and are in no range.
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (o:Order)
    USING INDEX SEEK o:Order(owner, placed_at, placed_arrival)
    WHERE o.owner = i.id AND o.placed_at >= $since AND o.placed_at < $until AND o.placed_arrival < $end
      AND CASE WHEN o.placed_at = $edge THEN o.placed_arrival < $place ELSE true END
    RETURN o
    ORDER BY o.owner DESC, o.placed_at DESC, o.placed_arrival DESC
    LIMIT $limit
  }
  WITH o
  ORDER BY o.placed_at DESC, o.placed_arrival DESC
  LIMIT $limit
  RETURN collect([o.source, o.number, o.events, COLLECT { MATCH (o)-[:CONTAINS|RETURNED]->(p:Product) RETURN [p.sku, p.name, p.category] }]) AS items
}
RETURN n, items
