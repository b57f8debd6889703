// The product acts of each customer, and every order it placed, at a moment: rows that its identifiers had then.
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (i)-[a:WISHED|UNWISHED|LIKED|DISLIKED|ADDED|REMOVED]->(p:Product)
    WHERE NOT EXISTS {
      MATCH (x:PastOwner)
      USING INDEX SEEK x:PastOwner(touchpoint, until)
      WHERE x.touchpoint = a.arrival AND x.until > $seq
    }
    RETURN a, p
    UNION ALL
    MATCH (w:PastOwner)
    USING INDEX SEEK w:PastOwner(owner, at, touchpoint)
    WHERE w.owner = i.id AND w.at IS NOT NULL AND w.touchpoint < $end AND w.since <= $seq AND w.until > $seq
    MATCH (w)-[:WAS_OWNER_OF]->(t:Touchpoint)
    MATCH (now:Identifier {id: t.owner})-[a:WISHED|UNWISHED|LIKED|DISLIKED|ADDED|REMOVED]->(p:Product)
    USING INDEX SEEK now:Identifier(id)
    WHERE a.arrival = t.arrival
    RETURN a, p
  }
  RETURN collect([i.id, [p.sku, p.name, p.category], type(a), a.quantity, a.at, a.arrival, a.place]) AS acts
}
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (o:Order)
    USING INDEX SEEK o:Order(owner, placed_at, placed_arrival)
    WHERE o.owner = i.id AND o.placed_at IS NOT NULL AND o.placed_arrival < $end
      AND NOT EXISTS {
        MATCH (x:PastOwner)
        USING INDEX SEEK x:PastOwner(touchpoint, until)
        WHERE x.touchpoint = o.placed_arrival AND x.until > $seq
      }
    RETURN o
    UNION ALL
    MATCH (w:PastOwner)
    USING INDEX SEEK w:PastOwner(owner, at, touchpoint)
    WHERE w.owner = i.id AND w.at IS NOT NULL AND w.touchpoint < $end AND w.since <= $seq AND w.until > $seq
    MATCH (w)-[:WAS_OWNER_OF]->(:Touchpoint)-[:ABOUT]->(o:Order)
    WHERE o.placed_arrival = w.touchpoint
    RETURN o
  }
  RETURN collect([o.source, o.number, o.events, COLLECT { MATCH (o)-[:CONTAINS|RETURNED]->(p:Product) RETURN [p.sku, p.name, p.category] }]) AS orders
}
RETURN n, acts, orders
