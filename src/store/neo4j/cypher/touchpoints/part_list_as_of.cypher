// A page of each, like the present page, at a moment: touchpoints of the owner now and then, and touchpoints that it
// owned only then. The present owner shows which device carried a touchpoint.
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(owner, at, arrival)
    WHERE t.owner = i.id AND t.at >= $since AND t.at < $until AND t.arrival < $end
      AND CASE WHEN t.at = $edge THEN $sign * t.arrival > $place ELSE true END
      AND coalesce(t.moved <= $seq, true)
      AND ($channels IS NULL OR t.channel IN $channels)
      AND ($kinds IS NULL OR t.kind IN $kinds)
      AND ($names IS NULL OR t.name IN $names)
      AND ($direction IS NULL OR t.direction = $direction)
    RETURN t
    ORDER BY t.owner DESC, t.at DESC, t.arrival DESC
    LIMIT $limit
    UNION ALL
    MATCH (p:PastOwner)
    USING INDEX SEEK p:PastOwner(owner, at, touchpoint)
    WHERE p.owner = i.id AND p.at >= $since AND p.at < $until AND p.touchpoint < $end
      AND CASE WHEN p.at = $edge THEN $sign * p.touchpoint > $place ELSE true END
      AND p.since <= $seq AND p.until > $seq
    MATCH (p)-[:WAS_OWNER_OF]->(t:Touchpoint)
    WHERE ($channels IS NULL OR t.channel IN $channels)
      AND ($kinds IS NULL OR t.kind IN $kinds)
      AND ($names IS NULL OR t.name IN $names)
      AND ($direction IS NULL OR t.direction = $direction)
    WITH p, t
    ORDER BY p.owner DESC, p.at DESC, p.touchpoint DESC
    LIMIT $limit
    RETURN t
  }
  WITH i, t
  ORDER BY t.at DESC, t.arrival DESC
  LIMIT $limit
  RETURN collect([t.arrival, t.id, t.at, i.id, t.source, t.device, t.order_source, t.order_number, t.kind, t.name, t.channel, t.direction, t.session_id, t.campaign, t.properties, CASE WHEN coalesce(t.carrier, t.owner) = i.id THEN null ELSE coalesce(t.carrier, t.owner) END]) AS items
}
RETURN n, items
