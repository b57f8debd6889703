// The counter's lock, taken before it is known whether there will be a change. After this no other writer writes. SET takes
// the lock; REMOVE alone takes none when no node ever had the property. Together they change nothing. A SET to the read
// value would be wrong: the value is read before the lock is taken, so a writer that waited would write the old number.
MATCH (n:Counter {name: 'changes'})
SET n.locked = true
REMOVE n.locked
WITH n
RETURN n.seq AS seq, coalesce(n.rules, 1) AS rules
