// The length of the same history.
UNWIND range(0, size($of) - 1) AS n
MATCH (who:CustomerId {id: $of[n]})-[:MERGED_INTO*0..]->(c:Customer)
USING INDEX SEEK who:CustomerId(id)
CALL (c) {
  MATCH (c)<-[:MERGED_INTO*0..]-(each:CustomerId)
  MATCH (e:IdentityEvent)
  USING INDEX SEEK e:IdentityEvent(customer, arrival)
  WHERE e.customer = each.id AND e.arrival IS NOT NULL
  RETURN count(e) AS found
}
RETURN n, found
