// What is known of identifiers of erased persons, by their hashes.
UNWIND $hashes AS hash
MATCH (e:ErasedIdentifier {hash: hash})
USING INDEX SEEK e:ErasedIdentifier(hash)
RETURN hash, e.suppressed AS suppressed
