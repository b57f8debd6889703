// The stored messages of the batch, and their present customers. Each id is one seek in the unique index. The owner is
// found by its id and not by an edge, for touchpoints and for other messages. The owner
// of a message of an erased person is gone, until the message is.
UNWIND $ids AS id
MATCH (m:Message {id: id})
USING INDEX SEEK m:Message(id)
OPTIONAL MATCH (i:Identifier {id: m.owner})
USING INDEX SEEK i:Identifier(id)
OPTIONAL MATCH (c:Customer)-[:IDENTIFIED_BY]->(i)
RETURN id, c.id AS customer
