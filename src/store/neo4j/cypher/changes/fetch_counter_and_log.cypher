// The value of the counter, and the last change in the log, from the end of its index.
MATCH (c:Counter {name: 'changes'})
OPTIONAL CALL () {
  MATCH (n:Change)
  USING INDEX SEEK n:Change(seq)
  WHERE n.seq > 0
  RETURN n.seq AS last
  ORDER BY n.seq DESC
  LIMIT 1
}
RETURN c.seq AS counter, coalesce(last, 0) AS last
