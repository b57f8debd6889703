// Identifiers by id, as they were found to belong together.
UNWIND range(0, size($of) - 1) AS n
UNWIND $of[n] AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
WITH n, collect(i) AS ids
