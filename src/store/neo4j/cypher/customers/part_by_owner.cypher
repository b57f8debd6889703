// The same by an identifier's id, for the owner of an order.
CALL () {
  MATCH (w:Writing {store: 1})
  USING INDEX SEEK w:Writing(store)
  RETURN collect([w.seq, w.customers]) AS writing
}
UNWIND range(0, size($keys) - 1) AS n
MATCH (found:Identifier {id: $keys[n]})
USING INDEX SEEK found:Identifier(id)
OPTIONAL MATCH (c:Customer)-[:IDENTIFIED_BY]->(found)
