UNWIND $messages AS message
MATCH (m:Message {id: message})
USING INDEX SEEK m:Message(id)
DETACH DELETE m
