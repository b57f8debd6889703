// The present claims of the identifiers that claim something in this batch.
UNWIND $keys AS key
MATCH (i:Identifier {key: key})
USING INDEX SEEK i:Identifier(key)
MATCH (i)-[:CLAIMS]->(t:Trait)
RETURN [t.arrival, t.owner, t.name, t.value, t.provenance, t.at, t.first_at, t.count, t.source, t.message_id, t.first_message_id] AS claim
