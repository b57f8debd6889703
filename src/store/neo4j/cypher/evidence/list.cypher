// Every set with one of these identifiers, each once.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})<-[:NAMES]-(e:Evidence)
USING INDEX SEEK i:Identifier(id)
WITH DISTINCT e
RETURN e.arrival AS arrival, e.identifiers AS identifiers, e.rules_version AS rules_version,
  e.message_id AS message_id, e.source AS source, e.at AS at
