UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
OPTIONAL MATCH (c:Customer)-[:IDENTIFIED_BY]->(i)
RETURN id, i.kind AS kind, i.value AS value, i.shared_since IS NOT NULL AS shared, c.id AS customer
