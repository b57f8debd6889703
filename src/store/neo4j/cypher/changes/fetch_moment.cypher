// The last change by then: a step back in the index on (at, seq).
MATCH (n:Change)
USING INDEX SEEK n:Change(at, seq)
WHERE n.at <= $at AND n.seq IS NOT NULL
RETURN n.seq AS seq
ORDER BY n.at DESC, n.seq DESC
LIMIT 1
