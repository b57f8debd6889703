// Last of all the version again, by a fresh look at the customer: were it read from `c`, the value
// of before could be answered.
CALL (c) {
  MATCH (c)<-[:MERGED_INTO*1..]-(old:MergedCustomer)
  RETURN collect([old.born, old.id]) AS former
}
WITH *, c.id AS id, c.born AS born
OPTIONAL MATCH (again:CustomerId {id: id})
