// The sides of these identifiers in decisions.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})<-[s:SIDE]-(d:Decision)
USING INDEX SEEK i:Identifier(id)
RETURN id AS identifier, d.arrival AS decision, d.kind AS kind, s.number AS number
