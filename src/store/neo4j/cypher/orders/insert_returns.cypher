// The returns of an order.
UNWIND $rows AS row
MATCH (o:Order {key: row.key})
USING INDEX SEEK o:Order(key)
MATCH (p:Product {sku: row.sku})
USING INDEX SEEK p:Product(sku)
CREATE (o)-[r:RETURNED]->(p)
SET r = row.set
