// The counter's lock before it is known whether there will be a change: from here on nobody else writes.
// Removing what is not there takes the lock and changes nothing. A SET to what was read would not do: it is
// read before the lock is had, so who waited for it would put back the number of before.
MATCH (n:Counter {name: 'changes'})
REMOVE n.locked
WITH n
RETURN n.seq AS seq, coalesce(n.rules, 1) AS rules
