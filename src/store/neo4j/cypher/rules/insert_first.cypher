// The first version, made once by the first server: MERGE on its unique number. The counter is made behind the
// constraints, so without it there is no version yet; removing what is not there takes its lock.
MATCH (n:Counter {name: 'changes'})
REMOVE n.locked
WITH n
MERGE (r:Rules {version: 1})
ON CREATE SET r.saved_at = $at, r.saved_by = $by, r.text = $text
