// Identifiers from the index on (id), each with its consents.
MATCH (i:Identifier)
USING INDEX SEEK i:Identifier(id)
WHERE i.id > $after
WITH i
ORDER BY i.id
LIMIT $limit
RETURN i.id AS id,
  COLLECT {
    MATCH (i)-[g:GAVE]->(k:Consent)
    WHERE g.until IS NULL
    RETURN [k.purpose, k.channel, k.status, k.expires_at]
  } AS held
ORDER BY id
