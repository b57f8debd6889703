// The links of these that bound, by both ends and whether the other end counts: within a customer,
// when that customer holds it. An identifier can have very many; the LIMIT stops before they are read.
UNWIND $of AS id
MATCH (i:Identifier {id: id})-[:LINKED]-(o:Identifier)
USING INDEX SEEK i:Identifier(id)
WITH i, o
LIMIT $limit
RETURN collect([i.id, o.id, $within IS NULL OR EXISTS { (:CustomerId {id: $within})-[:IDENTIFIED_BY]->(o) }]) AS links
