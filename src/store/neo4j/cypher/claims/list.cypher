// The present claims of identifiers with one name and one value, by key: `hash` is the hash of the value, and it is
// there while a claim holds. One row for each source and provenance.
UNWIND $rows AS row
MATCH (t:Trait {owner: row.owner, name: row.name, hash: row.hash})
USING INDEX SEEK t:Trait(owner, name, hash)
WHERE t.value = row.value
RETURN [t.arrival, t.owner, t.name, t.value, t.provenance, t.at, t.first_at, t.count, t.source, t.message_id, t.first_message_id] AS claim
