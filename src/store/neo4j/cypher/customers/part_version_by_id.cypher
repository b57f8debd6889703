// The customers that ids find now, with their versions: whether what was read before is still what is stored.
UNWIND range(0, size($keys) - 1) AS n
MATCH (named:CustomerId {id: $keys[n]})
USING INDEX SEEK named:CustomerId(id)
MATCH (named)-[:MERGED_INTO*0..]->(c:Customer)
