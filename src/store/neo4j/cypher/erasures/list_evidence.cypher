UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)<-[:NAMES]-(e:Evidence)
WITH DISTINCT e
RETURN e.arrival AS arrival, e.identifiers AS identifiers, e.outcomes AS outcomes, e.message_id AS message
