// The one node of change numbers. MERGE on its unique name creates it once.
MERGE (n:Counter {name: 'changes'})
ON CREATE SET n.seq = 0, n.at = 0, n.customers = 0, n.touchpoints = 0, n.health = '{}'
