// What was held.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[g:GAVE]->(k:Consent)
  WHERE g.since <= $seq AND coalesce(g.until > $seq, true)
  RETURN collect([i.id, k.arrival, k.owner, k.purpose, k.channel, k.status, k.expires_at, k.at, k.source]) AS items
}
RETURN n, items
