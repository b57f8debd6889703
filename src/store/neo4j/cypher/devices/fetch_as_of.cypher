// Devices at a moment: their descriptions, their identifiers, and the times when they were seen. The times come from
// the touchpoints of these identifiers and from events without a touchpoint.
UNWIND range(0, size($keys) - 1) AS n
MATCH (d:Device {key: $keys[n]})
USING INDEX SEEK d:Device(key)
WHERE coalesce(d.since, 0) <= $seq
CALL (d) {
  MATCH (i:Identifier)-[s:STORED_ON]->(d)
  WHERE coalesce(s.since, 0) <= $seq
  WITH i.id AS id
  ORDER BY id
  RETURN collect(id) AS identifiers
}
CALL (d, identifiers) {
  UNWIND identifiers AS id
  CALL (d, id) {
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(owner, at, arrival)
    WHERE t.owner = id AND t.at IS NOT NULL AND t.arrival < $end AND t.device = d.key
    RETURN min(t.at) AS first_at, max(t.at) AS last_at
    UNION ALL
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(carrier, at, arrival)
    WHERE t.carrier = id AND t.at IS NOT NULL AND t.arrival < $end AND t.device = d.key
    RETURN min(t.at) AS first_at, max(t.at) AS last_at
  }
  WITH first_at, last_at
  WHERE first_at IS NOT NULL
  RETURN collect([first_at, last_at]) AS seen
}
CALL (d) {
  MATCH (s:DeviceSeenAlone)
  USING INDEX SEEK s:DeviceSeenAlone(device)
  WHERE s.device = d.key AND s.since <= $seq
  RETURN collect([s.first_at, s.last_at]) AS alone
}
RETURN n, [0, d.key, d.kind, d.os, d.model, d.first_seen_at, d.last_seen_at] AS item, identifiers, seen + alone AS seen,
  head(COLLECT {
    MATCH (p:PastDevice)
    USING INDEX SEEK p:PastDevice(device, until)
    WHERE p.device = d.key AND p.until > $seq
    RETURN [p.kind, p.os, p.model]
    ORDER BY p.until
    LIMIT 1
  }) AS described
