// Acts about products as edges. A type cannot be a parameter, so each type has its own line.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.owner})
USING INDEX SEEK i:Identifier(id)
MATCH (p:Product {sku: row.sku})
USING INDEX SEEK p:Product(sku)
FOREACH (x IN CASE row.act WHEN 'WISHED' THEN [1] ELSE [] END | CREATE (i)-[:WISHED {at: row.at, quantity: row.quantity, arrival: row.arrival, place: row.place}]->(p))
FOREACH (x IN CASE row.act WHEN 'UNWISHED' THEN [1] ELSE [] END | CREATE (i)-[:UNWISHED {at: row.at, quantity: row.quantity, arrival: row.arrival, place: row.place}]->(p))
FOREACH (x IN CASE row.act WHEN 'LIKED' THEN [1] ELSE [] END | CREATE (i)-[:LIKED {at: row.at, quantity: row.quantity, arrival: row.arrival, place: row.place}]->(p))
FOREACH (x IN CASE row.act WHEN 'DISLIKED' THEN [1] ELSE [] END | CREATE (i)-[:DISLIKED {at: row.at, quantity: row.quantity, arrival: row.arrival, place: row.place}]->(p))
FOREACH (x IN CASE row.act WHEN 'ADDED' THEN [1] ELSE [] END | CREATE (i)-[:ADDED {at: row.at, quantity: row.quantity, arrival: row.arrival, place: row.place}]->(p))
FOREACH (x IN CASE row.act WHEN 'REMOVED' THEN [1] ELSE [] END | CREATE (i)-[:REMOVED {at: row.at, quantity: row.quantity, arrival: row.arrival, place: row.place}]->(p))
