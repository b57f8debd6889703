// The present and past consents of these identifiers, and whether each is present.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[g:GAVE]->(k:Consent)
RETURN [i.id, k.arrival, k.owner, k.purpose, k.channel, k.status, k.expires_at, k.at, k.source] AS consent,
  g.until IS NULL AS holds
