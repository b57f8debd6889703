// The customer of each identifier after the change $at, as in identifiers/scan.
MATCH (i:Identifier)
USING INDEX SEEK i:Identifier(id)
WHERE i.id > $after AND i.id < $until
WITH i
ORDER BY i.id
LIMIT $limit
OPTIONAL MATCH (now:CustomerId)-[held:IDENTIFIED_BY]->(i)
WHERE held.since <= $at
OPTIONAL MATCH (old:CustomerId)-[was:WAS_IDENTIFIED_BY]->(i)
WHERE now IS NULL AND was.since <= $at AND was.until > $at
RETURN i.id AS id, coalesce(now.id, old.id) AS holder
ORDER BY id
