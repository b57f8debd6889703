MATCH (c:CustomerId {id: $customer})
USING INDEX SEEK c:CustomerId(id)
MATCH (c)-[:IDENTIFIED_BY]->(i:Identifier)
RETURN i.id AS id, i.kind AS kind, i.value AS value, i.shared_since IS NOT NULL AS shared
