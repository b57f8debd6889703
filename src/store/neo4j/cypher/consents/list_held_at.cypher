// The consents of each identifier after the change $at.
UNWIND range(0, size($ids) - 1) AS n
MATCH (i:Identifier {id: $ids[n]})-[g:GAVE]->(k:Consent)
USING INDEX SEEK i:Identifier(id)
WHERE g.since <= $at AND coalesce(g.until > $at, true)
RETURN n, k.purpose AS purpose, k.channel AS channel, k.status AS status, k.expires_at AS expires_at
