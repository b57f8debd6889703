// Touchpoints and their edges in one statement: each of the four ends is one seek in a unique index. The edges are for
// people who explore the graph. Reads use the properties and the index on (owner, at, arrival).
UNWIND $rows AS row
MATCH (i:Identifier {id: row.set.owner})
USING INDEX SEEK i:Identifier(id)
OPTIONAL MATCH (d:Device {key: row.set.device})
USING INDEX SEEK d:Device(key)
OPTIONAL MATCH (k:Campaign {key: row.campaign})
USING INDEX SEEK k:Campaign(key)
OPTIONAL MATCH (o:Order {key: row.order})
USING INDEX SEEK o:Order(key)
CREATE (t:Message:Touchpoint)
SET t = row.set
CREATE (t)-[:SEEN_AS]->(i)
FOREACH (x IN CASE WHEN d IS NULL THEN [] ELSE [d] END | CREATE (t)-[:ON]->(x))
FOREACH (x IN CASE WHEN k IS NULL THEN [] ELSE [k] END | CREATE (t)-[:OF]->(x))
FOREACH (x IN CASE WHEN o IS NULL THEN [] ELSE [o] END | CREATE (t)-[:ABOUT]->(x))
