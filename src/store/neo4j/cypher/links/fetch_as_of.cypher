// Links by both ends, at a moment.
UNWIND range(0, size($keys) - 1) AS n
MATCH (a:Identifier {id: $keys[n][0]})
USING INDEX SEEK a:Identifier(id)
MATCH (b:Identifier {id: $keys[n][1]})
USING INDEX SEEK b:Identifier(id)
WITH n, a, b
MATCH (a)-[l:LINKED|REFUSED]->(b)
WHERE $keys[n][2] = (type(l) = 'REFUSED') AND coalesce(l.since, 0) <= $seq
WITH n, a, b, l, coalesce(head(COLLECT {
  MATCH (p:PastLink)
  USING INDEX SEEK p:PastLink(from, to, until)
  WHERE p.from = a.id AND p.to = b.id AND p.until > $seq AND p.refused = $keys[n][2]
  RETURN [p.first_at, p.last_at, p.count]
  ORDER BY p.until
  LIMIT 1
}), [l.first_at, l.last_at, l.count]) AS then
RETURN n, [a.id, b.id, l.reason, l.rule, then[0], then[1], then[2], l.message_id, l.source] AS item
