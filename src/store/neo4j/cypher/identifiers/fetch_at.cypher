// The key of each identifier and its customer after the change $at, if any.
UNWIND range(0, size($keys) - 1) AS n
MATCH (i:Identifier {id: $keys[n]})
USING INDEX SEEK i:Identifier(id)
WHERE i.id < $end
OPTIONAL MATCH (c:CustomerId)-[h:IDENTIFIED_BY|WAS_IDENTIFIED_BY]->(i)
WHERE h.since <= $at AND coalesce(h.until > $at, true)
RETURN n, i.kind AS kind, i.value AS value, c.id AS holder
