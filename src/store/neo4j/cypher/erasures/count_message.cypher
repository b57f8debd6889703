// The hashes of messages of erased persons.
UNWIND $hashes AS hash
MATCH (e:ErasedMessage {hash: hash})
USING INDEX SEEK e:ErasedMessage(hash)
RETURN hash
