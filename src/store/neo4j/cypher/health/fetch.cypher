// From the one node with all figures, so all figures are as of one change.
MATCH (n:Counter {name: 'changes'})
RETURN n.health AS health
