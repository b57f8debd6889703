// The customers that ids stood for: the ends of the chains of merges that were in force then.
UNWIND range(0, size($keys) - 1) AS n
MATCH (named:CustomerId {id: $keys[n]})
USING INDEX SEEK named:CustomerId(id)
WHERE named.born < $end
MATCH way = (named)-[:MERGED_INTO|WAS_MERGED_INTO*0..]->(c:CustomerId)
WHERE all(m IN relationships(way) WHERE coalesce(m.seq, m.since) <= $seq AND coalesce(m.until > $seq, true))
  AND NOT EXISTS {
    MATCH (c)-[m:MERGED_INTO|WAS_MERGED_INTO]->(:CustomerId)
    WHERE coalesce(m.seq, m.since) <= $seq AND coalesce(m.until > $seq, true)
  }
RETURN n, c.id AS customer
