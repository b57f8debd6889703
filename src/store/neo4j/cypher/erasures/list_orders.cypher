UNWIND $ids AS id
MATCH (o:Order)
USING INDEX SEEK o:Order(owner, placed_at, placed_arrival)
WHERE o.owner = id AND o.placed_at IS NOT NULL AND o.placed_arrival IS NOT NULL
RETURN o.key AS key, o.events AS events
