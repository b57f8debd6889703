// Customers by id; one that was merged away leads to the one it became. The id has one seek.
UNWIND range(0, size($keys) - 1) AS n
MATCH (:CustomerId {id: $keys[n]})-[:MERGED_INTO*0..]->(c:Customer)
