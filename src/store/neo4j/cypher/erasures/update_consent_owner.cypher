UNWIND $rows AS row
MATCH (k:Consent {arrival: row.arrival})
USING INDEX SEEK k:Consent(arrival)
SET k.owner = row.owner
