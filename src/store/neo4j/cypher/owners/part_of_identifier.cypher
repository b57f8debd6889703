// Each identifier alone.
UNWIND range(0, size($of) - 1) AS n
MATCH (i:Identifier {id: $of[n]})
USING INDEX SEEK i:Identifier(id)
WITH n, collect(i) AS ids
