UNWIND $keys AS key
MATCH (o:Order {key: key})
USING INDEX SEEK o:Order(key)
WHERE o.events IS NOT NULL
RETURN key, o.owner IS NOT NULL AS owned, o.events AS events
