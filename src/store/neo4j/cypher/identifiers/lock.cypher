// The locks of a batch. MERGE finds or creates each identifier in the order of $keys, SET takes its lock (MERGE alone
// does not lock a node that it finds). The collect is the barrier: every identifier is locked before the first customer
// is. Customers come in the order of their ids, and `version + 1` locks each before it reads it.
UNWIND $keys AS row
MERGE (i:Identifier {key: row.key})
SET i.kind = row.kind
WITH collect(i) AS locked
UNWIND locked AS i
MATCH (c:Customer)-[:IDENTIFIED_BY]->(i)
WITH DISTINCT c
ORDER BY c.id
SET c.version = c.version + 1
RETURN collect(c.id) AS customers
