// Placed orders from the index on (key), in its order.
MATCH (o:Order)
USING INDEX SEEK o:Order(key)
WHERE o.key > $after
WITH o
ORDER BY o.key
LIMIT $limit
RETURN o.source AS source, o.number AS number, o.currency AS currency, o.owner IS NOT NULL AS placed,
  o.status = 'CANCELLED' AS cancelled, o.total AS total, o.returned AS returned
