// All that is stored agrees with this version, when no other was saved meanwhile. The first SET takes the
// counter's lock before it is looked at.
MATCH (n:Counter {name: 'changes'})
SET n.restitched = coalesce(n.restitched, 1)
WITH n
WHERE coalesce(n.rules, 1) = $version
SET n.restitched = $version
