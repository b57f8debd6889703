// Who placed these orders is about to be said anew.
UNWIND $keys AS key
MATCH (o:Order {key: key})
USING INDEX SEEK o:Order(key)
MATCH (:Identifier)-[placed:PLACED]->(o)
DELETE placed
