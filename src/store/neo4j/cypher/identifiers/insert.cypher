// New identifiers and new figures of old ones. The nodes are there: the locks found or made them,
// but for identifiers whose customer changed without them.
UNWIND $rows AS row
MATCH (i:Identifier {key: row.key})
USING INDEX SEEK i:Identifier(key)
SET i += row.set
