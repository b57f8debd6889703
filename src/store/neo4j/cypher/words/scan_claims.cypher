// The same for traits.
MATCH (n:Trait)
USING INDEX SEEK n:Trait(arrival)
WHERE n.arrival > $after
RETURN n.arrival AS id, n.value AS value
ORDER BY n.arrival
LIMIT $limit
