UNWIND $arrivals AS arrival
MATCH (k:Consent {arrival: arrival})
USING INDEX SEEK k:Consent(arrival)
DETACH DELETE k
