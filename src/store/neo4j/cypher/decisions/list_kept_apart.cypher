// The other sides of every decision that keeps this identifier apart, without identifiers that it was merged with
// later.
UNWIND range(0, size($ids) - 1) AS n
MATCH (i:Identifier {id: $ids[n]})<-[mine:SIDE]-(d:Decision)-[theirs:SIDE]->(other:Identifier)
USING INDEX SEEK i:Identifier(id)
WHERE d.kind <> 'MERGE' AND theirs.number <> mine.number
  AND coalesce(mine.since, 0) <= $seq AND coalesce(theirs.since, 0) <= $seq
AND NOT EXISTS {
  MATCH (i)<-[one:SIDE]-(m:Decision {kind: 'MERGE'})-[two:SIDE]->(other)
  WHERE m.arrival > d.arrival AND coalesce(one.since, 0) <= $seq AND coalesce(two.since, 0) <= $seq
}
WITH DISTINCT n, other.id AS other
ORDER BY other
RETURN n, collect(other)[..$most] AS others
