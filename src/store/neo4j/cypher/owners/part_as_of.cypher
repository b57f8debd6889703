// Identifiers by id: each list is the identifiers of one customer at the moment.
UNWIND range(0, size($of) - 1) AS n
UNWIND $of[n] AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
WITH n, collect(i) AS ids
