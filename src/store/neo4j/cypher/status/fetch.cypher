// One node has all figures, so all figures are as of one change.
MATCH (n:Counter {name: 'changes'})
RETURN n.seq AS seq, n.at AS at, n.customers AS customers, n.touchpoints AS touchpoints
