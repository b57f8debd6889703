// The present customers of those that had identifiers of the person once.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)<-[:WAS_IDENTIFIED_BY]-(:CustomerId)-[:MERGED_INTO*0..]->(c:Customer)
RETURN DISTINCT c.id AS id
