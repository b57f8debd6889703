// A later erasure does not lift a suppression.
UNWIND $hashes AS hash
MERGE (e:ErasedIdentifier {hash: hash})
SET e.suppressed = coalesce(e.suppressed, false) OR $suppressed
