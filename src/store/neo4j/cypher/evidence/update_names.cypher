// Data of version 1 has evidence without edges to what it names.
MATCH (e:Evidence)
UNWIND e.identifiers AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MERGE (e)-[:NAMES]->(i)
