// The edges from these orders' owners are written again next.
UNWIND $keys AS key
MATCH (o:Order {key: key})
USING INDEX SEEK o:Order(key)
MATCH (:Identifier)-[placed:PLACED]->(o)
DELETE placed
