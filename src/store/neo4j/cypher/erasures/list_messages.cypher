// Which of these are messages of the person.
UNWIND $messages AS message
MATCH (m:Message {id: message})
USING INDEX SEEK m:Message(id)
WHERE m.owner IN $ids
RETURN message AS id, m.arrival AS arrival
