// What writers who died said of their commits. Removing what is not there takes the counter's lock, and under
// it nobody commits, so whatever is said is of the dead.
MATCH (n:Counter {name: 'changes'})
REMOVE n.locked
WITH n
MATCH (w:Writing {store: 1})
USING INDEX SEEK w:Writing(store)
DELETE w
