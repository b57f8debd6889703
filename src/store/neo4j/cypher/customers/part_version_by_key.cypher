// The present customers of identifiers' keys, with their versions.
UNWIND range(0, size($keys) - 1) AS n
MATCH (found:Identifier {key: $keys[n][0]})
USING INDEX SEEK found:Identifier(key)
MATCH (c:Customer)-[:IDENTIFIED_BY]->(found)
