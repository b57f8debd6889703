// Customers by id. A merged customer leads to its survivor. The id is one seek. An id that leads nowhere gives nulls:
// its customer is just being merged, and the edge is not visible yet.
CALL () {
  MATCH (w:Writing {store: 1})
  USING INDEX SEEK w:Writing(store)
  RETURN collect([w.seq, w.customers]) AS writing
}
UNWIND range(0, size($keys) - 1) AS n
MATCH (named:CustomerId {id: $keys[n]})
USING INDEX SEEK named:CustomerId(id)
OPTIONAL MATCH (named)-[:MERGED_INTO*0..]->(c:Customer)
