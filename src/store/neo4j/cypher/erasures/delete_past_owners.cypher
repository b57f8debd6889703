UNWIND $arrivals AS arrival
MATCH (p:PastOwner)
USING INDEX SEEK p:PastOwner(touchpoint, until)
WHERE p.touchpoint = arrival AND p.until > 0
DETACH DELETE p
