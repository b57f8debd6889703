// Who lived on what.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[s:STORED_ON]->(d:Device)
  WHERE coalesce(s.since, 0) <= $seq
  RETURN collect([i.id, d.key]) AS items
}
RETURN n, items
