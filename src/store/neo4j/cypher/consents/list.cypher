// The consents of the batch's customers and identifiers.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[g:GAVE]->(k:Consent)
WHERE g.until IS NULL
RETURN [i.id, k.arrival, k.owner, k.purpose, k.channel, k.status, k.expires_at, k.at, k.source] AS consent
