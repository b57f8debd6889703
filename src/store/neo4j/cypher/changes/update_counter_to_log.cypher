// For people: no server runs it. Repairs damaged data: sets the counter to the last change in the log.
MATCH (c:Change)
WITH max(c.seq) AS last
MATCH (n:Counter {name: 'changes'})
SET n.seq = last
