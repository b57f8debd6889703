// What identifiers are locked by.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
RETURN i.key AS key
