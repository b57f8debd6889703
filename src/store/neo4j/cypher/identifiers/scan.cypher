// Identifiers from the index on (id), as they were after the change $at. The customer is the present one, if the
// membership is that old, else the former customer whose membership ended later.
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
RETURN i.id AS id, i.kind AS kind, i.value AS value, coalesce(now.born, old.born) AS holder,
  coalesce(i.shared_since <= $at, false) AS shared
ORDER BY id
