// At the end the version again, from a new read of the customer (`c` could give the earlier value), and then the
// markers of commits.
CALL (c) {
  MATCH (c)<-[:MERGED_INTO*1..]-(old:MergedCustomer)
  RETURN collect([old.born, old.id]) AS former
}
WITH *, c.id AS id, c.born AS born
OPTIONAL MATCH (again:CustomerId {id: id})
USING INDEX SEEK again:CustomerId(id)
WITH *, again.version AS version_after
CALL (id) {
  MATCH (w:Writing {store: 1})
  USING INDEX SEEK w:Writing(store)
  WHERE id IS NULL OR id IN w.customers
  RETURN collect(w.seq) AS writing_after
}
