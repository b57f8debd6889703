// Devices of each, one row for each identifier on a device, with the times of the identifier there. An older edge
// without times uses the time in which both were seen.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[s:STORED_ON]->(d:Device)
  RETURN collect([i.id, d.key, d.kind, d.os, d.model, coalesce(s.first_seen_at, CASE WHEN i.first_seen_at > d.first_seen_at THEN i.first_seen_at ELSE d.first_seen_at END), coalesce(s.last_seen_at, CASE WHEN i.last_seen_at < d.last_seen_at THEN i.last_seen_at ELSE d.last_seen_at END)]) AS items
}
RETURN n, items
