// From the node that holds every figure, so they are of one change.
MATCH (n:Counter {name: 'changes'})
RETURN n.health AS health
