// What the locks made and the plan did not fill.
UNWIND $orders AS key
MATCH (o:Order {key: key})
WHERE o.events IS NULL
DELETE o
