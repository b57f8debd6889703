// Identifiers, each with its customer.
UNWIND range(0, size($keys) - 1) AS n
MATCH (i:Identifier {key: $keys[n]})
USING INDEX SEEK i:Identifier(key)
OPTIONAL MATCH (c:Customer)-[:IDENTIFIED_BY]->(i)
RETURN n, [i.id, i.kind, i.value, i.first_seen_at, i.last_seen_at, i.rollup, i.shared_since] AS item, c.id AS customer
