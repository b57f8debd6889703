UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)<-[:SIDE]-(d:Decision)
WITH DISTINCT d
RETURN d.arrival AS arrival, d.at AS at, d.kind AS kind, d.by AS by, d.reason AS reason, d.sides AS sides,
  COLLECT { MATCH (d)-[s:SIDE]->(m:Identifier) RETURN [s.number, m.id] } AS members
