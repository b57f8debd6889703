// Records that all stored data agrees with this version, if no other was saved in the meantime. The first SET takes the
// counter's lock before the counter is read.
MATCH (n:Counter {name: 'changes'})
SET n.restitched = coalesce(n.restitched, 1)
WITH n
WHERE coalesce(n.rules, 1) = $version
SET n.restitched = $version
