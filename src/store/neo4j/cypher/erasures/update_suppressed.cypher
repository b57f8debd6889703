MATCH (e:ErasedIdentifier {hash: $hash})
USING INDEX SEEK e:ErasedIdentifier(hash)
SET e.suppressed = $suppressed
