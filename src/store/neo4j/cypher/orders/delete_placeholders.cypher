// Placeholders that locks made and the plan did not use.
UNWIND $orders AS key
MATCH (o:Order {key: key})
USING INDEX SEEK o:Order(key)
WHERE o.events IS NULL
DELETE o
