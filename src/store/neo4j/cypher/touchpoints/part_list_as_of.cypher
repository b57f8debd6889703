// A page of each, as the present has it, of what its owner had then: what it has and had then, and what it was
// the owner of at that time. The device that carried a touchpoint is known by whose it is now.
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
