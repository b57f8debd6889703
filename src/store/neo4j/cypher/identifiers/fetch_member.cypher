// Who holds these.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (c:Customer)-[:IDENTIFIED_BY]->(i)
RETURN id, i.kind AS kind, i.value AS value, c.born AS born
