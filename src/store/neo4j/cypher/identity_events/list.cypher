// A page of the identity history of each customer and of the customers merged into it, oldest first: a range for each
// from the index on (customer, arrival), and the merge of these few.
UNWIND range(0, size($of) - 1) AS n
MATCH (who:CustomerId {id: $of[n]})-[:MERGED_INTO*0..]->(c:Customer)
USING INDEX SEEK who:CustomerId(id)
CALL (c) {
  MATCH (c)<-[:MERGED_INTO*0..]-(each:CustomerId)
  CALL (each) {
    MATCH (e:IdentityEvent)
    USING INDEX SEEK e:IdentityEvent(customer, arrival)
    WHERE e.customer = each.id AND e.arrival > $after
    RETURN e
    ORDER BY e.customer, e.arrival
    LIMIT $limit
  }
  WITH e
  ORDER BY e.arrival
  LIMIT $limit
  RETURN collect([e.arrival, e.customer, e.at, e.kind, e.rule, e.message_id, e.by, e.reason, e.identifiers, e.others]) AS items
}
RETURN n, items
