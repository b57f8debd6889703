// Customers by id; one that was merged away leads to the one it became. The id has one seek. An id
// that leads nowhere answers with nulls: it is just being merged, and its edge is not seen yet.
CALL () {
  MATCH (w:Writing {store: 1})
  USING INDEX SEEK w:Writing(store)
  RETURN collect([w.seq, w.customers]) AS writing
}
UNWIND range(0, size($keys) - 1) AS n
MATCH (named:CustomerId {id: $keys[n]})
USING INDEX SEEK named:CustomerId(id)
OPTIONAL MATCH (named)-[:MERGED_INTO*0..]->(c:Customer)
