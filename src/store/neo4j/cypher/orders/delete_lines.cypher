// Lines and returns are written again with their order.
UNWIND $keys AS key
MATCH (o:Order {key: key})-[r:CONTAINS|RETURNED]->()
USING INDEX SEEK o:Order(key)
DELETE r
