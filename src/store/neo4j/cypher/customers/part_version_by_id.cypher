// The present customers of ids, with their versions. With these, a reader checks cached views. A key comes with the skus
// of the products that its cached view shows.
UNWIND range(0, size($keys) - 1) AS n
MATCH (named:CustomerId {id: $keys[n][0]})
USING INDEX SEEK named:CustomerId(id)
MATCH (named)-[:MERGED_INTO*0..]->(c:Customer)
