UNWIND $hashes AS hash
MERGE (:ErasedMessage {hash: hash})
