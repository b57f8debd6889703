// The identifiers of customers at a moment, and the customers that had been merged into them, directly or through
// others.
UNWIND range(0, size($keys) - 1) AS n
MATCH (c:CustomerId {id: $keys[n]})
USING INDEX SEEK c:CustomerId(id)
CALL (c) {
  MATCH (c)-[h:IDENTIFIED_BY|WAS_IDENTIFIED_BY]->(i:Identifier)
  WHERE h.since <= $seq AND coalesce(h.until > $seq, true)
  RETURN collect(i.id) AS owners
}
CALL (c) {
  MATCH way = (c)<-[:MERGED_INTO|WAS_MERGED_INTO*1..]-(old:CustomerId)
  WHERE all(m IN relationships(way) WHERE coalesce(m.seq, m.since) <= $seq AND coalesce(m.until > $seq, true))
  RETURN collect(DISTINCT [old.born, old.id]) AS former
}
RETURN n, c.born AS born, owners, former
