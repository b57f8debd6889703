// What came back of it.
UNWIND $rows AS row
MATCH (o:Order {key: row.key})
MATCH (p:Product {sku: row.sku})
CREATE (o)-[r:RETURNED]->(p)
SET r = row.set
