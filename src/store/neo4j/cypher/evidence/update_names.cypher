// Adds the edges from evidence to its identifiers, which data of version 1 does not have.
MATCH (e:Evidence)
UNWIND e.identifiers AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MERGE (e)-[:NAMES]->(i)
