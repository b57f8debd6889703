// Identifiers that lose a consent: the edge stays, with its end.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.identifier})-[g:GAVE]->(:Consent {arrival: row.arrival})
USING INDEX SEEK i:Identifier(id)
WHERE g.until IS NULL
SET g.until = $seq
