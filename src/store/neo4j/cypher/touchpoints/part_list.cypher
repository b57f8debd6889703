// A page of each: a range for each owner from the index on (owner, at, arrival), in its order, and the merge of these
// few. The bounds of time include the cursor's time. At exactly this time, $place continues after the cursor's arrival
// ($sign is -1 when the newest come first). A CASE, since for an OR the planner makes two seeks and a union, which has
// no order.
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(owner, at, arrival)
    WHERE t.owner = i.id AND t.at >= $since AND t.at < $until AND t.arrival < $end
      AND CASE WHEN t.at = $edge THEN $sign * t.arrival > $place ELSE true END
      AND ($channels IS NULL OR t.channel IN $channels)
      AND ($kinds IS NULL OR t.kind IN $kinds)
      AND ($names IS NULL OR t.name IN $names)
      AND ($direction IS NULL OR t.direction = $direction)
    RETURN t
    ORDER BY t.owner DESC, t.at DESC, t.arrival DESC
    LIMIT $limit
  }
  WITH t
  ORDER BY t.at DESC, t.arrival DESC
  LIMIT $limit
  RETURN collect([t.arrival, t.id, t.at, t.owner, t.source, t.device, t.order_source, t.order_number, t.kind, t.name, t.channel, t.direction, t.session_id, t.campaign, t.properties, t.carrier]) AS items
}
RETURN n, items
