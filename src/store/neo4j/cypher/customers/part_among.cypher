// The customers among few that meet the conditions, with every sort key.
UNWIND $ids AS id
MATCH (c:CustomerId {id: id})
USING INDEX SEEK c:CustomerId(id)
WHERE c:Customer
