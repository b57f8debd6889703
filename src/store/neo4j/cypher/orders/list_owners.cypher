// The owners of orders by number, and by source if given. A number of several sources has several rows. Waiting orders
// have no owner.
UNWIND range(0, size($keys) - 1) AS n
MATCH (o:Order {number: $keys[n][0]})
USING INDEX SEEK o:Order(number)
WHERE o.owner IS NOT NULL AND ($keys[n][1] IS NULL OR o.source = $keys[n][1])
RETURN n, o.owner AS owner
