// Consents that are held now, and devices; one row for each identifier that holds it.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[g:GAVE]->(k:Consent)
  WHERE g.until IS NULL
  RETURN collect([i.id, k.arrival, k.owner, k.purpose, k.channel, k.status, k.expires_at, k.at, k.source]) AS consents
}
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[:STORED_ON]->(d:Device)
  RETURN collect([i.id, d.key, d.kind, d.os, d.model, d.first_seen_at, d.last_seen_at]) AS devices
}
