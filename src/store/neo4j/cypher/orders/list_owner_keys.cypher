// The identifiers that own the batch's orders: they are locked with those that the batch names.
UNWIND $keys AS key
MATCH (o:Order {key: key})
USING INDEX SEEK o:Order(key)
MATCH (i:Identifier {id: o.owner})
USING INDEX SEEK i:Identifier(id)
RETURN DISTINCT i.key AS key
