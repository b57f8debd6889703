// By source and number, without orders that wait for their COMPLETED event.
UNWIND range(0, size($keys) - 1) AS n
MATCH (o:Order {key: $keys[n]})
USING INDEX SEEK o:Order(key)
WHERE o.owner IS NOT NULL
RETURN n, [o.source, o.number, o.events, COLLECT { MATCH (o)-[:CONTAINS|RETURNED]->(p:Product) RETURN [p.sku, p.name, p.category] }] AS item
