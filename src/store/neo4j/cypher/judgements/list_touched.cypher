// Customers that a change touched since they were judged, the longest ago first, along the index.
MATCH (j:Judgement)
USING INDEX SEEK j:Judgement(touched_at)
WHERE j.touched_at > 0
RETURN j.customer AS customer, j.change AS change, j.touched_at AS touched_at, j.due_at AS due_at,
  j.touches AS touches, j.judged_at AS judged_at
ORDER BY j.touched_at
LIMIT $limit
