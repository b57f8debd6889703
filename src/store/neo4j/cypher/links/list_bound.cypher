// The accepted links of these identifiers, by both ends and whether the other end counts: within a customer, it must
// belong to this customer. An identifier can have very many links; the LIMIT stops the read.
UNWIND $of AS id
MATCH (i:Identifier {id: id})-[:LINKED]-(o:Identifier)
USING INDEX SEEK i:Identifier(id)
WITH i, o
LIMIT $limit
RETURN collect([i.id, o.id, $within IS NULL OR EXISTS { (:CustomerId {id: $within})-[:IDENTIFIED_BY]->(o) }]) AS links
