// The accepted links of a customer's identifiers, each once, and whether their other end belongs to the customer: one
// trip instead of one per level. When there are more than $limit, the caller does not use them.
MATCH (c:CustomerId {id: $customer})-[:IDENTIFIED_BY]->(i:Identifier)
USING INDEX SEEK c:CustomerId(id)
MATCH (i)-[:LINKED]->(o:Identifier)
WITH c, i, o
LIMIT $limit
RETURN collect([i.id, o.id, EXISTS { (c)-[:IDENTIFIED_BY]->(o) }]) AS links
