// New claims.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.owner})
USING INDEX SEEK i:Identifier(id)
CREATE (t:Trait)
SET t = row
CREATE (i)-[:CLAIMS]->(t)
