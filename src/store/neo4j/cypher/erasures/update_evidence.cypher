UNWIND $rows AS row
MATCH (e:Evidence)
USING INDEX SEEK e:Evidence(arrival)
WHERE e.arrival = row.arrival
SET e += row.set
