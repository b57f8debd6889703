UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[:GAVE]->(k:Consent)
WITH DISTINCT k
RETURN k.arrival AS arrival, k.owner AS owner,
  COLLECT { MATCH (k)<-[:GAVE]-(o:Identifier) WHERE NOT o.id IN $ids RETURN DISTINCT o.id } AS holders
