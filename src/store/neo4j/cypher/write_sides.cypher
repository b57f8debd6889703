// Sides that identifiers took by joining whoever has them.
UNWIND $rows AS row
MATCH (d:Decision {arrival: row.decision})
MATCH (i:Identifier {id: row.identifier})
CREATE (d)-[:SIDE {number: row.number, since: $seq}]->(i)
