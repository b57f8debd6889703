UNWIND $keys AS key
MATCH (o:Order {key: key})
USING INDEX SEEK o:Order(key)
DETACH DELETE o
