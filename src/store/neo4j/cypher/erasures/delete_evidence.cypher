UNWIND $arrivals AS arrival
MATCH (e:Evidence)
USING INDEX SEEK e:Evidence(arrival)
WHERE e.arrival = arrival
DETACH DELETE e
