// The first version, created once by the first server: MERGE on its unique number. The counter is created after the
// constraints, so without a counter there is no version yet. SET and REMOVE take the counter's lock.
MATCH (n:Counter {name: 'changes'})
SET n.locked = true
REMOVE n.locked
WITH n
MERGE (r:Rules {version: 1})
ON CREATE SET r.saved_at = $at, r.saved_by = $by, r.text = $text
