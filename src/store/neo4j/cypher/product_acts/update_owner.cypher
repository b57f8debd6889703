// Moves the product acts of these touchpoints from one identifier to another.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.from})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[a:WISHED|UNWISHED|LIKED|DISLIKED|ADDED|REMOVED]->(p:Product)
WHERE a.arrival IN row.arrivals
MATCH (to:Identifier {id: row.to})
USING INDEX SEEK to:Identifier(id)
WITH a, p, to, type(a) AS act, properties(a) AS said
DELETE a
FOREACH (x IN CASE act WHEN 'WISHED' THEN [1] ELSE [] END | CREATE (to)-[:WISHED {at: said.at, quantity: said.quantity, arrival: said.arrival, place: said.place}]->(p))
FOREACH (x IN CASE act WHEN 'UNWISHED' THEN [1] ELSE [] END | CREATE (to)-[:UNWISHED {at: said.at, quantity: said.quantity, arrival: said.arrival, place: said.place}]->(p))
FOREACH (x IN CASE act WHEN 'LIKED' THEN [1] ELSE [] END | CREATE (to)-[:LIKED {at: said.at, quantity: said.quantity, arrival: said.arrival, place: said.place}]->(p))
FOREACH (x IN CASE act WHEN 'DISLIKED' THEN [1] ELSE [] END | CREATE (to)-[:DISLIKED {at: said.at, quantity: said.quantity, arrival: said.arrival, place: said.place}]->(p))
FOREACH (x IN CASE act WHEN 'ADDED' THEN [1] ELSE [] END | CREATE (to)-[:ADDED {at: said.at, quantity: said.quantity, arrival: said.arrival, place: said.place}]->(p))
FOREACH (x IN CASE act WHEN 'REMOVED' THEN [1] ELSE [] END | CREATE (to)-[:REMOVED {at: said.at, quantity: said.quantity, arrival: said.arrival, place: said.place}]->(p))
