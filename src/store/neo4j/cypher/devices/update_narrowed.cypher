// The times of an identifier on a device, by its remaining touchpoints there and by events without a touchpoint.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.identifier})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[s:STORED_ON]->(d:Device)
WHERE d.key = row.device AND s.first_seen_at IS NOT NULL
CALL (row) {
  MATCH (t:Touchpoint)
  USING INDEX SEEK t:Touchpoint(owner, at, arrival)
  WHERE t.owner = row.identifier AND t.at IS NOT NULL AND t.arrival IS NOT NULL AND t.device = row.device
  RETURN min(t.at) AS first_at, max(t.at) AS last_at
  UNION ALL
  MATCH (a:DeviceSeenAlone)
  USING INDEX SEEK a:DeviceSeenAlone(device)
  WHERE a.device = row.device AND a.identifier = row.identifier
  RETURN min(a.first_at) AS first_at, max(a.last_at) AS last_at
}
WITH s, min(first_at) AS first_at, max(last_at) AS last_at
SET s.first_seen_at = coalesce(first_at, s.first_seen_at), s.last_seen_at = coalesce(last_at, s.last_seen_at)
