UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[:CLAIMS|CLAIMED]->(t:Trait)
DETACH DELETE t
RETURN count(*) AS found
