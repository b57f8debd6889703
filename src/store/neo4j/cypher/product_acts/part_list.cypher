// The product acts of each customer, and every order it placed.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[a:WISHED|UNWISHED|LIKED|DISLIKED|ADDED|REMOVED]->(p:Product)
  RETURN collect([i.id, [p.sku, p.name, p.category], type(a), a.quantity, a.at, a.arrival, a.place]) AS acts
}
CALL (ids) {
  UNWIND ids AS i
  MATCH (o:Order)
  USING INDEX SEEK o:Order(owner, placed_at, placed_arrival)
  WHERE o.owner = i.id AND o.placed_at IS NOT NULL AND o.placed_arrival IS NOT NULL
  RETURN collect([o.source, o.number, o.events, COLLECT { MATCH (o)-[:CONTAINS|RETURNED]->(p:Product) RETURN [p.sku, p.name, p.category] }]) AS orders
}
RETURN n, acts, orders
