// Batches from one number on, in the order of the index, as many as hold `limit` entries: the first
// always, the others as long as those before them hold fewer. Then, last of all, which commits are
// becoming visible: what was read above and is not among them is there with all that it names.
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
