// Orders in their present state. The locks created the nodes. While an order waits, `owner` and the two places are
// absent, so no list finds it.
UNWIND $rows AS row
MATCH (o:Order {key: row.key})
USING INDEX SEEK o:Order(key)
SET o += row.set
WITH o, row
MATCH (i:Identifier {id: row.set.owner})
USING INDEX SEEK i:Identifier(id)
MERGE (i)-[:PLACED]->(o)
