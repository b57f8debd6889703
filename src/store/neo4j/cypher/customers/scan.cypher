// Every id that was issued before $end, also of customers that were merged away, from the index on (id).
MATCH (c:CustomerId)
USING INDEX SEEK c:CustomerId(id)
WHERE c.id > $after AND c.born < $end
WITH c
ORDER BY c.id
LIMIT $limit
RETURN c.id AS id
