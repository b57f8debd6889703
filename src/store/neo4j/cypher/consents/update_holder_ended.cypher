// Identifiers that lose a consent: the edge stays, with its end.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.identifier})
USING INDEX SEEK i:Identifier(id)
MATCH (k:Consent {arrival: row.arrival})
USING INDEX SEEK k:Consent(arrival)
MATCH (i)-[g:GAVE]->(k)
WHERE g.until IS NULL
SET g.until = $seq
