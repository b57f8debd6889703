// Which messages of the batch are stored, and whose they are now. Each id is one seek in the unique
// index; the owner's identifier is found by its id and not by an edge, for a touchpoint and a plain
// message alike.
UNWIND $ids AS id
MATCH (m:Message {id: id})
USING INDEX SEEK m:Message(id)
MATCH (i:Identifier {id: m.owner})
USING INDEX SEEK i:Identifier(id)
OPTIONAL MATCH (c:Customer)-[:IDENTIFIED_BY]->(i)
RETURN id, c.id AS customer
