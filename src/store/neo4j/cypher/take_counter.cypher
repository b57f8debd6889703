// The counter's lock before it is known whether there will be a change: from here on nobody else writes.
MATCH (n:Counter {name: 'changes'})
SET n.seq = n.seq
RETURN n.seq AS seq, coalesce(n.rules, 1) AS rules
