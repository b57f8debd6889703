// A page of the links of each, by both ends and whether it was refused. A customer has few links, so all are read. A
// link between two of its identifiers is found from both ends and listed once.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[l:LINKED|REFUSED]-(:Identifier)
  WITH DISTINCT l
  WITH l, startNode(l).id AS from, endNode(l).id AS to, type(l) = 'REFUSED' AS refused
  WHERE ($refused IS NULL OR refused = $refused)
    AND (from > $from OR from = $from AND (to > $to OR to = $to AND refused AND NOT $after_refused))
  ORDER BY from, to, refused
  LIMIT $limit
  RETURN collect([from, to, l.reason, l.rule, l.first_at, l.last_at, l.count, l.message_id, l.source]) AS items
}
RETURN n, items
