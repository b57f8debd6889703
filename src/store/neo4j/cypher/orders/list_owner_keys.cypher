// The identifiers that own the batch's orders. They are locked together with the batch's own identifiers.
UNWIND $keys AS key
MATCH (o:Order {key: key})
USING INDEX SEEK o:Order(key)
MATCH (i:Identifier {id: o.owner})
USING INDEX SEEK i:Identifier(id)
RETURN DISTINCT i.key AS key
