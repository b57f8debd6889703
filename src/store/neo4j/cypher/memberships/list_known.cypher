// The locked customers with all their identifiers.
UNWIND $customers AS id
MATCH (c:CustomerId {id: id})
USING INDEX SEEK c:CustomerId(id)
MATCH (c)-[:IDENTIFIED_BY]->(i:Identifier)
RETURN c.id AS customer, c.born AS born, collect([i.id, i.kind, i.value, i.first_seen_at, i.last_seen_at, i.rollup, i.shared_since]) AS identifiers
