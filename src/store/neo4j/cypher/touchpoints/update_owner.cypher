// Touchpoints that change their owner. The former owner is kept, and the new owner gets an edge beside the edge of the
// device identifier.
UNWIND $rows AS row
MATCH (t:Touchpoint)
USING INDEX SEEK t:Touchpoint(owner, at, arrival)
WHERE t.owner = row.from AND t.at = row.at AND t.arrival = row.arrival
MATCH (to:Identifier {id: row.to})
USING INDEX SEEK to:Identifier(id)
OPTIONAL MATCH (t)-[old:GIVEN_TO]->(:Identifier)
CREATE (:PastOwner {touchpoint: row.arrival, owner: row.from, to: row.to, at: row.at, since: row.since, until: $seq})-[:WAS_OWNER_OF]->(t)
SET t.owner = row.to, t.carrier = row.carrier, t.moved = $seq
FOREACH (x IN CASE WHEN old IS NULL THEN [] ELSE [old] END | DELETE x)
FOREACH (x IN CASE WHEN row.carrier IS NULL THEN [] ELSE [to] END | CREATE (t)-[:GIVEN_TO {since: $seq}]->(x))
