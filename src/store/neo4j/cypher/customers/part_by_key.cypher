// Customers by an identifier's key. An identifier without a customer gives nulls, so that the reader can read again: it
// may just be moving to another customer.
CALL () {
  MATCH (w:Writing {store: 1})
  USING INDEX SEEK w:Writing(store)
  RETURN collect([w.seq, w.customers]) AS writing
}
UNWIND range(0, size($keys) - 1) AS n
MATCH (found:Identifier {key: $keys[n]})
USING INDEX SEEK found:Identifier(key)
OPTIONAL MATCH (c:Customer)-[:IDENTIFIED_BY]->(found)
