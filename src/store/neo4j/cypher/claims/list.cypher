// Of identifiers the present claims that have a name and a value which the batch claims: of each name the values.
UNWIND $rows AS row
MATCH (i:Identifier {key: row.key})
USING INDEX SEEK i:Identifier(key)
MATCH (i)-[:CLAIMS]->(t:Trait)
WHERE t.value IN row.values[t.name]
RETURN [t.arrival, t.owner, t.name, t.value, t.provenance, t.at, t.first_at, t.count, t.source, t.message_id, t.first_message_id] AS claim
