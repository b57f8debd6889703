// Messages that are replaced by their hashes.
UNWIND $rows AS row
MATCH (m:Message {id: row.id})
USING INDEX SEEK m:Message(id)
MERGE (:ErasedMessage {hash: row.hash})
DETACH DELETE m
