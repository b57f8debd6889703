// Every decision with one of these identifiers, each once.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})<-[:SIDE]-(d:Decision)
USING INDEX SEEK i:Identifier(id)
WITH DISTINCT d
RETURN d.arrival AS arrival, d.at AS at, d.kind AS kind, d.by AS by, d.reason AS reason, d.sides AS sides
