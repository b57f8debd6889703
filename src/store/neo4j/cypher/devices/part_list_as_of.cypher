// The identifiers of devices at a moment, and the times of each there: by the touchpoints it owned then (present ones
// that it had already, and ones that it lost since) and by events without a touchpoint; by the touchpoints it carried
// for others; and by the present times.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[s:STORED_ON]->(d:Device)
  WHERE coalesce(s.since, 0) <= $seq
  CALL (i, d) {
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(owner, at, arrival)
    WHERE t.owner = i.id AND t.at IS NOT NULL AND t.arrival < $end AND t.device = d.key
      AND coalesce(t.moved <= $seq, true)
    RETURN min(t.at) AS first_at, max(t.at) AS last_at
    UNION ALL
    MATCH (p:PastOwner)
    USING INDEX SEEK p:PastOwner(owner, at, touchpoint)
    WHERE p.owner = i.id AND p.at IS NOT NULL AND p.touchpoint < $end AND p.since <= $seq AND p.until > $seq
    MATCH (p)-[:WAS_OWNER_OF]->(t:Touchpoint)
    WHERE t.device = d.key
    RETURN min(t.at) AS first_at, max(t.at) AS last_at
    UNION ALL
    MATCH (a:DeviceSeenAlone)
    USING INDEX SEEK a:DeviceSeenAlone(device)
    WHERE a.device = d.key AND a.identifier = i.id AND a.since <= $seq
    RETURN min(a.first_at) AS first_at, max(a.last_at) AS last_at
  }
  WITH i, s, d, min(first_at) AS first_at, max(last_at) AS last_at
  CALL (i, d) {
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(carrier, at, arrival)
    WHERE t.carrier = i.id AND t.at IS NOT NULL AND t.arrival < $end AND t.device = d.key
    RETURN min(t.at) AS carried_first_at, max(t.at) AS carried_last_at
  }
  RETURN collect([i.id, d.key,
    coalesce(first_at, carried_first_at, s.first_seen_at, CASE WHEN i.first_seen_at > d.first_seen_at THEN i.first_seen_at ELSE d.first_seen_at END),
    coalesce(last_at, carried_last_at, s.last_seen_at, CASE WHEN i.last_seen_at < d.last_seen_at THEN i.last_seen_at ELSE d.last_seen_at END)]) AS items
}
RETURN n, items
