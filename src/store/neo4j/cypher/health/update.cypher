// Writes the counted figures.
MATCH (n:Counter {name: 'changes'})
SET n.health = $health
