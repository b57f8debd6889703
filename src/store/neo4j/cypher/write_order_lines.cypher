// What an order contains.
UNWIND $rows AS row
MATCH (o:Order {key: row.key})
MATCH (p:Product {sku: row.sku})
CREATE (o)-[r:CONTAINS]->(p)
SET r = row.set
