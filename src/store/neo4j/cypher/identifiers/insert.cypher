// New identifiers and new figures of old ones. The locks found or created the nodes, except for identifiers that the
// batch does not name and whose customer changed.
UNWIND $rows AS row
MATCH (i:Identifier {key: row.key})
USING INDEX SEEK i:Identifier(key)
SET i += row.set
