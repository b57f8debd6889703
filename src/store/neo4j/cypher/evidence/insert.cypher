// New sets and new outcomes. With the edges, a read finds all evidence of an identifier.
UNWIND $rows AS row
CREATE (e:Evidence)
SET e = row.set
WITH e, row
UNWIND row.set.identifiers AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
CREATE (e)-[:NAMES]->(i)
