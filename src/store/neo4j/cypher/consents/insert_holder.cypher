// Identifiers that get a consent.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.identifier})
USING INDEX SEEK i:Identifier(id)
MATCH (k:Consent {arrival: row.arrival})
USING INDEX SEEK k:Consent(arrival)
CREATE (i)-[:GAVE {since: $seq}]->(k)
