// The customer of each identifier after the change $at, if any.
UNWIND $ids AS key
MATCH (i:Identifier {id: key})
USING INDEX SEEK i:Identifier(id)
OPTIONAL MATCH (c:CustomerId)-[h:IDENTIFIED_BY|WAS_IDENTIFIED_BY]->(i)
WHERE h.since <= $at AND coalesce(h.until > $at, true)
RETURN i.id AS id, c.id AS holder
