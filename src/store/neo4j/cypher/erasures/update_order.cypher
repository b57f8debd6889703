UNWIND $rows AS row
MATCH (o:Order {key: row.key})
USING INDEX SEEK o:Order(key)
SET o.events = row.events
