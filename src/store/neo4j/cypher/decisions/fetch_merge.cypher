// The last merge by a person with the two identifiers on different sides.
UNWIND range(0, size($keys) - 1) AS n
MATCH (a:Identifier {id: $keys[n][0]})
USING INDEX SEEK a:Identifier(id)
MATCH (b:Identifier {id: $keys[n][1]})
USING INDEX SEEK b:Identifier(id)
WITH n, a, b
MATCH (a)<-[one:SIDE]-(d:Decision)-[two:SIDE]->(b)
WHERE d.kind = 'MERGE' AND two.number <> one.number
WITH n, a, b, d
ORDER BY d.arrival
WITH n, a, b, last(collect(d)) AS d
RETURN n, a.id AS from, b.id AS to, d.at AS at, d.by AS by
