// A write that changes nothing that anybody reads, to see whether the server takes any.
MATCH (n:Counter {name: 'changes'})
SET n.tried = coalesce(n.tried, 0) + 1
