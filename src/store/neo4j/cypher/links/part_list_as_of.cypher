// A page of the links of each, at a moment.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[l:LINKED|REFUSED]-(:Identifier)
  WHERE coalesce(l.since, 0) <= $seq
  WITH DISTINCT l
  WITH l, startNode(l).id AS from, endNode(l).id AS to, type(l) = 'REFUSED' AS refused
  WHERE ($refused IS NULL OR refused = $refused)
    AND (from > $from OR from = $from AND (to > $to OR to = $to AND refused AND NOT $after_refused))
  ORDER BY from, to, refused
  LIMIT $limit
  WITH l, from, to, refused, head(COLLECT {
    MATCH (p:PastLink)
    USING INDEX SEEK p:PastLink(from, to, until)
    WHERE p.from = from AND p.to = to AND p.until > $seq AND p.refused = refused
    RETURN [p.first_at, p.last_at, p.count]
    ORDER BY p.until
    LIMIT 1
  }) AS past
  WITH l, from, to, coalesce(past, [l.first_at, l.last_at, l.count]) AS then
  RETURN collect([from, to, l.reason, l.rule, then[0], then[1], then[2], l.message_id, l.source]) AS items
}
RETURN n, items
