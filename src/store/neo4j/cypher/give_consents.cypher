// Identifiers that hold a decision from now on.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.identifier})
MATCH (k:Consent {arrival: row.arrival})
CREATE (i)-[:GAVE {since: $seq}]->(k)
