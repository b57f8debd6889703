// Of few customers those that fit, with every sort key.
UNWIND $ids AS id
MATCH (c:CustomerId {id: id})
WHERE c:Customer
