// Identifiers that changed their customer. A shared identifier gets no customer. The old edge is found from the
// identifier, which has at most one.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.identifier})
USING INDEX SEEK i:Identifier(id)
OPTIONAL MATCH (to:CustomerId {id: row.to})
USING INDEX SEEK to:CustomerId(id)
OPTIONAL MATCH (from:CustomerId)-[held:IDENTIFIED_BY]->(i)
FOREACH (old IN CASE WHEN held IS NULL THEN [] ELSE [held] END |
  CREATE (from)-[:WAS_IDENTIFIED_BY {since: old.since, until: $seq}]->(i)
  DELETE old
)
FOREACH (new IN CASE WHEN to IS NULL THEN [] ELSE [to] END |
  CREATE (new)-[:IDENTIFIED_BY {since: $seq}]->(i)
)
