// The links that bound identifiers of a customer, each once, and whether the customer holds their other
// end: one trip instead of one a level. When there are more than $limit, those few are of no use.
MATCH (c:CustomerId {id: $customer})-[:IDENTIFIED_BY]->(i:Identifier)
USING INDEX SEEK c:CustomerId(id)
MATCH (i)-[:LINKED]->(o:Identifier)
WITH c, i, o
LIMIT $limit
RETURN collect([i.id, o.id, EXISTS { (c)-[:IDENTIFIED_BY]->(o) }]) AS links
