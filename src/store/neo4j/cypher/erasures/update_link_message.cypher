// Links between others that name a message of the person.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[l:LINKED|REFUSED]-(:Identifier)
WHERE l.message_id IN $messages
SET l.message_id = $hashes[l.message_id]
