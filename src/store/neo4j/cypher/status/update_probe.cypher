// A write that changes nothing that is read, to find out whether the server accepts writes.
MATCH (n:Counter {name: 'changes'})
SET n.tried = coalesce(n.tried, 0) + 1
