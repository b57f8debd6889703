// The latest touchpoints of a device's stream at a moment. The signed-in person of a touchpoint never changes.
CALL () {
  MATCH (t:Touchpoint)
  USING INDEX SEEK t:Touchpoint(owner, at, arrival)
  WHERE t.owner = $device AND t.at >= $since AND t.arrival < $end AND t.direction = 'INBOUND'
  RETURN t, true AS alone
  ORDER BY t.owner DESC, t.at DESC, t.arrival DESC
  LIMIT $limit
  UNION ALL
  MATCH (t:Touchpoint)
  USING INDEX SEEK t:Touchpoint(carrier, at, arrival)
  WHERE t.carrier = $device AND t.at >= $since AND t.arrival < $end AND t.direction = 'INBOUND'
  RETURN t, t.moved IS NOT NULL AS alone
  ORDER BY t.carrier DESC, t.at DESC, t.arrival DESC
  LIMIT $limit
}
WITH t, alone
ORDER BY t.at DESC, t.arrival DESC
LIMIT $limit
RETURN [t.arrival, t.at, t.owner, t.moved, alone, t.source, t.session_id] AS item
