// The customers of identifiers at a moment; each identifier had at most one.
UNWIND range(0, size($keys) - 1) AS n
MATCH (i:Identifier {id: $keys[n]})
USING INDEX SEEK i:Identifier(id)
MATCH (c:CustomerId)-[h:IDENTIFIED_BY|WAS_IDENTIFIED_BY]->(i)
WHERE h.since <= $seq AND coalesce(h.until > $seq, true)
RETURN n, c.id AS customer
