// The identifiers of each customer after the change $at.
UNWIND $customers AS key
MATCH (c:CustomerId {id: key})-[h:IDENTIFIED_BY|WAS_IDENTIFIED_BY]->(i:Identifier)
USING INDEX SEEK c:CustomerId(id)
WHERE h.since <= $at AND coalesce(h.until > $at, true)
RETURN i.id AS id, c.id AS holder
