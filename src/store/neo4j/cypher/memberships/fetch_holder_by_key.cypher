// The locked identifiers without a customer, with all properties; and the customers that are not locked: a locked
// identifier has moved to these. An identifier without an id was created by this transaction's locks.
UNWIND $keys AS key
MATCH (i:Identifier {key: key})
USING INDEX SEEK i:Identifier(key)
WHERE i.id IS NOT NULL
OPTIONAL MATCH (c:Customer)-[:IDENTIFIED_BY]->(i)
WITH i, c
WHERE c IS NULL OR NOT c.id IN $customers
RETURN c.id AS customer, CASE WHEN c IS NULL THEN [i.id, i.kind, i.value, i.first_seen_at, i.last_seen_at, i.rollup, i.shared_since] END AS identifier
