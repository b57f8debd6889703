// The keys of identifiers, for locks.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
RETURN i.key AS key
