// Batches from one number on, in the order of the index, up to `limit` entries: always the first batch, then further
// batches while the batches before have fewer entries. At the end, the markers of commits: a batch above without a
// marker is completely visible.
CALL () {
  MATCH (n:Change)
  USING INDEX SEEK n:Change(seq)
  WHERE n.seq >= $from
  RETURN n
  ORDER BY n.seq
  LIMIT 64
}
WITH collect(n) AS batches
WITH batches, [i IN range(0, size(batches) - 1) WHERE i = 0 OR
  reduce(before = 0, j IN range(0, i - 1) | before + coalesce(batches[j].size, 1000)) < $limit] AS wanted
WITH [i IN wanted | [batches[i].seq, batches[i].at, batches[i].entries]] AS items
CALL () {
  MATCH (w:Writing {store: 1})
  USING INDEX SEEK w:Writing(store)
  RETURN collect(w.seq) AS writing
}
RETURN items, writing
