// What the locks made and the plan did not fill.
UNWIND $orders AS key
MATCH (o:Order {key: key})
USING INDEX SEEK o:Order(key)
WHERE o.events IS NULL
DELETE o
