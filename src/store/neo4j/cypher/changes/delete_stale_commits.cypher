// Deletes the markers of dead writers. SET and REMOVE take the counter's lock. Under this lock no
// writer commits, so every marker is from a dead writer.
MATCH (n:Counter {name: 'changes'})
SET n.locked = true
REMOVE n.locked
WITH n
MATCH (w:Writing {store: 1})
USING INDEX SEEK w:Writing(store)
DELETE w
