// The present customers of ids, with their versions. With these, a reader checks cached views.
UNWIND range(0, size($keys) - 1) AS n
MATCH (named:CustomerId {id: $keys[n]})
USING INDEX SEEK named:CustomerId(id)
MATCH (named)-[:MERGED_INTO*0..]->(c:Customer)
