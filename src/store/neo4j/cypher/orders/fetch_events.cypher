// The events so far of the locked orders. A placeholder has no events.
UNWIND $keys AS key
MATCH (o:Order {key: key})
USING INDEX SEEK o:Order(key)
WHERE o.events IS NOT NULL
RETURN o.source AS source, o.number AS number, o.events AS events
