// Where these identifiers stand in decisions.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})<-[s:SIDE]-(d:Decision)
RETURN id AS identifier, d.arrival AS decision, d.kind AS kind, s.number AS number
