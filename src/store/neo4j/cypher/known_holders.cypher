// Who holds each locked identifier now. One that nobody holds comes whole; the others come with
// their customers. An identifier without an id was made by this transaction's locks.
UNWIND $keys AS key
MATCH (i:Identifier {key: key})
WHERE i.id IS NOT NULL
OPTIONAL MATCH (c:Customer)-[:IDENTIFIED_BY]->(i)
RETURN c.id AS customer, CASE WHEN c IS NULL THEN [i.id, i.kind, i.value, i.first_seen_at, i.last_seen_at, i.rollup, i.shared_since] END AS identifier
