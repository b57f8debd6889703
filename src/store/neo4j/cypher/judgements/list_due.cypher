// Customers that fell due, the longest ago first, along the index.
MATCH (j:Judgement)
USING INDEX SEEK j:Judgement(due_at)
WHERE j.due_at <= $now
RETURN j.customer AS customer, j.change AS change, j.touched_at AS touched_at, j.due_at AS due_at,
  j.touches AS touches, j.judged_at AS judged_at
ORDER BY j.due_at
LIMIT $limit
