// Claims that a later one replaces: the edge changes its type, and the text is found no longer.
UNWIND $arrivals AS arrival
MATCH (t:Trait {arrival: arrival})
USING INDEX SEEK t:Trait(arrival)
MATCH (i:Identifier)-[r:CLAIMS]->(t)
DELETE r
CREATE (i)-[:CLAIMED {until: $seq}]->(t)
REMOVE t.search, t.hash
