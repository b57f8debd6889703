// The figures of data that was written before figures were kept. It counts all data, once.
MATCH (n:Counter {name: 'changes'})
WHERE n.health IS NULL
CALL () {
  MATCH (i:Identifier)
  WHERE i.id IS NOT NULL
  RETURN count(i) AS identifiers
}
CALL () {
  MATCH (c:MergedCustomer)
  RETURN count(c) AS merges
}
CALL () {
  MATCH (c:Customer)
  SET c.identifier_count = COUNT { (c)-[:IDENTIFIED_BY]->() }
  WITH c.identifier_count AS size, count(*) AS customers
  RETURN collect([size, customers]) AS sizes
}
CALL () {
  MATCH (e:IdentityEvent)
  WHERE e.kind = 'REFUSED'
  WITH e.rule AS rule, count(*) AS refusals
  RETURN collect([rule, refusals]) AS refused
}
RETURN identifiers, merges, sizes, refused
