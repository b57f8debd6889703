// The newest orders and touchpoints. Each identifier gives its first few from the index on (owner, time, arrival), in
// the order of the index. The planner sees this order because `owner` is first in the ORDER BY, and it can use the
// index because of IS NOT NULL on the other properties. The merge of these few is the only sort. Properties outside of
// the sort key are read after the merge.
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (o:Order)
    USING INDEX SEEK o:Order(owner, placed_at, placed_arrival)
    WHERE o.owner = i.id AND o.placed_at IS NOT NULL AND o.placed_arrival IS NOT NULL
    RETURN o
    ORDER BY o.owner DESC, o.placed_at DESC, o.placed_arrival DESC
    LIMIT $orders
  }
  WITH o
  ORDER BY o.placed_at DESC, o.placed_arrival DESC
  LIMIT $orders
  RETURN collect([o.source, o.number, o.events, COLLECT { MATCH (o)-[:CONTAINS|RETURNED]->(p:Product) RETURN [p.sku, p.name, p.category] }]) AS orders
}
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(owner, at, arrival)
    WHERE t.owner = i.id AND t.at IS NOT NULL AND t.arrival IS NOT NULL
    RETURN t
    ORDER BY t.owner DESC, t.at DESC, t.arrival DESC
    LIMIT $touchpoints
  }
  WITH t
  ORDER BY t.at DESC, t.arrival DESC
  LIMIT $touchpoints
  RETURN collect([t.arrival, t.id, t.at, t.owner, t.source, t.device, t.order_source, t.order_number, t.kind, t.name, t.channel, t.direction, t.session_id, t.campaign, t.properties, t.carrier]) AS touchpoints
}
