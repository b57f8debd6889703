UNWIND $arrivals AS arrival
MATCH (e:IdentityEvent)
USING INDEX SEEK e:IdentityEvent(arrival)
WHERE e.arrival = arrival
DELETE e
