// Of the locked identifiers those that nobody holds, whole; and the customers of those whose holder is
// not locked, which tells that they changed hands. An identifier without an id was made by this
// transaction's locks.
UNWIND $keys AS key
MATCH (i:Identifier {key: key})
USING INDEX SEEK i:Identifier(key)
WHERE i.id IS NOT NULL
OPTIONAL MATCH (c:Customer)-[:IDENTIFIED_BY]->(i)
WITH i, c
WHERE c IS NULL OR NOT c.id IN $customers
RETURN c.id AS customer, CASE WHEN c IS NULL THEN [i.id, i.kind, i.value, i.first_seen_at, i.last_seen_at, i.rollup, i.shared_since] END AS identifier
