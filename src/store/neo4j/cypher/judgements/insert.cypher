// The transaction has the counter's lock, so nobody else writes these. A null takes the property away, and the node out of
// its index.
UNWIND $rows AS row
MERGE (j:Judgement {customer: row.customer})
SET j.change = row.change, j.touched_at = row.touched_at, j.due_at = row.due_at,
  j.touches = row.touches
