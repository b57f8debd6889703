// Devices of each, with the times of all identifiers there.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[:STORED_ON]->(d:Device)
  RETURN collect([i.id, d.key, d.kind, d.os, d.model, d.first_seen_at, d.last_seen_at]) AS items
}
RETURN n, items
