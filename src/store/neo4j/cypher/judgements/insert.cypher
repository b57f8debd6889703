// The transaction holds the counter's lock: no other transaction writes judgements. A null removes the property, and so
// removes the node from the index of that property.
UNWIND $rows AS row
MERGE (j:Judgement {customer: row.customer})
SET j.change = row.change, j.touched_at = row.touched_at, j.due_at = row.due_at,
  j.touches = row.touches, j.judged_at = row.judged_at
