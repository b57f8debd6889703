// Identifiers that existed at a moment, with the rows for their figures: touchpoints by channel, orders, and the times
// when they were seen. These times come from the touchpoints of their own events, with any owner, from links at the
// moment, and from events without either. Of several past states of a link, the one that ended first after the moment
// is the state at the moment.
UNWIND range(0, size($keys) - 1) AS n
MATCH (i:Identifier {id: $keys[n]})
USING INDEX SEEK i:Identifier(id)
WHERE i.id < $end
CALL (i) {
  CALL (i) {
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(owner, at, arrival)
    WHERE t.owner = i.id AND t.at IS NOT NULL AND t.arrival < $end AND coalesce(t.moved <= $seq, true)
    RETURN t
    UNION ALL
    MATCH (w:PastOwner)
    USING INDEX SEEK w:PastOwner(owner, at, touchpoint)
    WHERE w.owner = i.id AND w.at IS NOT NULL AND w.touchpoint < $end AND w.since <= $seq AND w.until > $seq
    MATCH (w)-[:WAS_OWNER_OF]->(t:Touchpoint)
    RETURN t
  }
  WITH t.channel AS channel, count(t) AS touchpoints,
    sum(CASE WHEN t.kind = 'message_sent' AND t.direction = 'OUTBOUND' THEN 1 ELSE 0 END) AS sent,
    sum(CASE WHEN t.direction = 'INBOUND' THEN 1 ELSE 0 END) AS answered, max(t.at) AS last_at
  RETURN collect([channel, touchpoints, sent, answered, last_at]) AS channels
}
CALL (i) {
  CALL (i) {
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(owner, at, arrival)
    WHERE t.owner = i.id AND t.at IS NOT NULL AND t.arrival < $end AND (t.moved IS NULL OR t.carrier IS NULL)
    RETURN min(t.at) AS first_at, max(t.at) AS last_at
    UNION ALL
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(carrier, at, arrival)
    WHERE t.carrier = i.id AND t.at IS NOT NULL AND t.arrival < $end AND t.moved IS NOT NULL
    RETURN min(t.at) AS first_at, max(t.at) AS last_at
  }
  WITH first_at, last_at
  WHERE first_at IS NOT NULL
  RETURN collect([first_at, last_at]) AS touched
}
CALL (i) {
  CALL (i) {
    MATCH (o:Order)
    USING INDEX SEEK o:Order(owner, placed_at, placed_arrival)
    WHERE o.owner = i.id AND o.placed_at IS NOT NULL AND o.placed_arrival < $end
      AND NOT EXISTS {
        MATCH (x:PastOwner)
        USING INDEX SEEK x:PastOwner(touchpoint, until)
        WHERE x.touchpoint = o.placed_arrival AND x.until > $seq
      }
    RETURN o
    UNION ALL
    MATCH (w:PastOwner)
    USING INDEX SEEK w:PastOwner(owner, at, touchpoint)
    WHERE w.owner = i.id AND w.at IS NOT NULL AND w.touchpoint < $end AND w.since <= $seq AND w.until > $seq
    MATCH (w)-[:WAS_OWNER_OF]->(:Touchpoint)-[:ABOUT]->(o:Order)
    WHERE o.placed_arrival = w.touchpoint
    RETURN o
  }
  RETURN collect([o.source, o.number, o.events, []]) AS orders
}
CALL (i) {
  MATCH (i)-[l:LINKED|REFUSED]-(:Identifier)
  WHERE coalesce(l.since, 0) <= $seq
  WITH l, startNode(l).id AS from, endNode(l).id AS to, type(l) = 'REFUSED' AS refused
  WITH l, head(COLLECT {
    MATCH (p:PastLink)
    USING INDEX SEEK p:PastLink(from, to, until)
    WHERE p.from = from AND p.to = to AND p.until > $seq AND p.refused = refused
    RETURN [p.first_at, p.last_at]
    ORDER BY p.until
    LIMIT 1
  }) AS past
  RETURN collect(coalesce(past, [l.first_at, l.last_at])) AS linked
}
CALL (i) {
  MATCH (s:SeenAlone)
  USING INDEX SEEK s:SeenAlone(identifier)
  WHERE s.identifier = i.id AND s.since <= $seq
  RETURN collect([s.first_at, s.last_at]) AS alone
}
RETURN n, [i.id, i.kind, i.value, i.first_seen_at, i.last_seen_at, '{}', i.shared_since] AS item, channels, orders, touched + linked + alone AS seen
