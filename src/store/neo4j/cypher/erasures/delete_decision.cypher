UNWIND $arrivals AS arrival
MATCH (d:Decision {arrival: arrival})
USING INDEX SEEK d:Decision(arrival)
DETACH DELETE d
