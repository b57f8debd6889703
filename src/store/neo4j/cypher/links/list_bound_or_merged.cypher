// As list_bound, and the other sides of every merge by a person.
UNWIND $of AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
CALL (i) {
  MATCH (i)-[:LINKED]-(o:Identifier)
  RETURN o
  UNION ALL
  MATCH (i)<-[mine:SIDE]-(d:Decision)-[other:SIDE]->(o:Identifier)
  WHERE d.kind = 'MERGE' AND other.number <> mine.number
  RETURN o
}
WITH i, o
LIMIT $limit
RETURN collect([i.id, o.id, $within IS NULL OR EXISTS { (:CustomerId {id: $within})-[:IDENTIFIED_BY]->(o) }]) AS links
