// Customers by an identifier's key. An identifier that nobody holds answers with nulls, so that
// "nobody" can be told from "just on its way to another".
CALL () {
  MATCH (w:Writing {store: 1})
  USING INDEX SEEK w:Writing(store)
  RETURN collect([w.seq, w.customers]) AS writing
}
UNWIND range(0, size($keys) - 1) AS n
MATCH (found:Identifier {key: $keys[n]})
USING INDEX SEEK found:Identifier(key)
OPTIONAL MATCH (c:Customer)-[:IDENTIFIED_BY]->(found)
