// Once, when data of an older version is opened: a page of the present claims, in the order of their index.
MATCH (n:Trait)
USING INDEX SEEK n:Trait(arrival)
WHERE n.arrival > $after AND EXISTS { (n)<-[:CLAIMS]-(:Identifier) }
RETURN n.arrival AS id, n.value AS value
ORDER BY n.arrival
LIMIT $limit
