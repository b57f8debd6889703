// New claims.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.owner})
CREATE (t:Trait)
SET t = row
CREATE (i)-[:CLAIMS]->(t)
