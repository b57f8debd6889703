// The links of identifiers, each from both ends.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[l:LINKED|REFUSED]-(o:Identifier)
RETURN id AS of, o.id AS other, EXISTS { (:Customer)-[:IDENTIFIED_BY]->(o) } AS held, startNode(l).id AS from,
  endNode(l).id AS to, type(l) = 'REFUSED' AS refused, coalesce(l.since, 0) AS since, l.first_at AS first_at,
  l.last_at AS last_at, l.message_id AS message
