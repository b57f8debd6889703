// A device's own touchpoints, and those of signed-in people on it, from a place on: two index ranges, merged. The place
// is a time and, at that time, an arrival. A CASE, since for an OR the planner makes two seeks and a union, which has
// no order.
CALL () {
  MATCH (t:Touchpoint)
  USING INDEX SEEK t:Touchpoint(owner, at, arrival)
  WHERE t.owner = $device AND t.at >= $at AND t.arrival IS NOT NULL
    AND CASE WHEN t.at = $at THEN t.arrival > $arrival ELSE true END
    AND t.direction = 'INBOUND'
  RETURN t, true AS alone
  ORDER BY t.owner ASC, t.at ASC, t.arrival ASC
  LIMIT $limit
  UNION ALL
  MATCH (t:Touchpoint)
  USING INDEX SEEK t:Touchpoint(carrier, at, arrival)
  WHERE t.carrier = $device AND t.at >= $at AND t.arrival IS NOT NULL
    AND CASE WHEN t.at = $at THEN t.arrival > $arrival ELSE true END
    AND t.direction = 'INBOUND'
  RETURN t, t.moved IS NOT NULL AS alone
  ORDER BY t.carrier ASC, t.at ASC, t.arrival ASC
  LIMIT $limit
}
WITH t, alone
ORDER BY t.at ASC, t.arrival ASC
LIMIT $limit
RETURN [t.arrival, t.at, t.owner, t.moved, alone, t.source, t.session_id] AS item
