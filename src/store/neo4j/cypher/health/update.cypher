// The figures that were counted.
MATCH (n:Counter {name: 'changes'})
SET n.health = $health
