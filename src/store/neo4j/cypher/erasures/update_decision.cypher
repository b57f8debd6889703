UNWIND $rows AS row
MATCH (d:Decision {arrival: row.arrival})
USING INDEX SEEK d:Decision(arrival)
SET d.reason = row.reason, d.sides = row.sides
