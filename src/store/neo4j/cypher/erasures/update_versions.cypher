UNWIND $customers AS id
MATCH (c:CustomerId {id: id})
USING INDEX SEEK c:CustomerId(id)
SET c.version = c.version + 1
