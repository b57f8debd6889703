// Present consents, and devices with the times of the customer on them; one row per identifier.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[g:GAVE]->(k:Consent)
  WHERE g.until IS NULL
  RETURN collect([i.id, k.arrival, k.owner, k.purpose, k.channel, k.status, k.expires_at, k.at, k.source]) AS consents
}
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[s:STORED_ON]->(d:Device)
  RETURN collect([i.id, d.key, d.kind, d.os, d.model, coalesce(s.first_seen_at, CASE WHEN i.first_seen_at > d.first_seen_at THEN i.first_seen_at ELSE d.first_seen_at END), coalesce(s.last_seen_at, CASE WHEN i.last_seen_at < d.last_seen_at THEN i.last_seen_at ELSE d.last_seen_at END)]) AS devices
}
