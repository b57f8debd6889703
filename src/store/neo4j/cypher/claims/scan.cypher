// Identifiers from the index on (id), each with what it ever claimed of these traits up to the change: what
// holds, and what a later claim replaced.
MATCH (i:Identifier)
USING INDEX SEEK i:Identifier(id)
WHERE i.id > $after AND i.id < $until
WITH i
ORDER BY i.id
LIMIT $limit
RETURN i.id AS id,
  COLLECT {
    MATCH (i)-[:CLAIMS|CLAIMED]->(t:Trait)
    WHERE t.arrival < $until AND t.name IN $traits
    RETURN [t.arrival, t.owner, t.name, t.value, t.provenance, t.at, t.first_at, t.count, t.source, t.message_id, t.first_message_id]
    ORDER BY t.arrival
  } AS claims
ORDER BY id
