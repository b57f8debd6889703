// The last change in the log, from the end of its index.
MATCH (n:Change)
USING INDEX SEEK n:Change(seq)
WHERE n.seq > 0
RETURN n.seq AS seq
ORDER BY n.seq DESC
LIMIT 1
