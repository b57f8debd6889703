// Every decision in which one of these identifiers stands, each once.
UNWIND $ids AS id
MATCH (:Identifier {id: id})<-[:SIDE]-(d:Decision)
WITH DISTINCT d
RETURN d.arrival AS arrival, d.at AS at, d.kind AS kind, d.by AS by, d.reason AS reason, d.sides AS sides
