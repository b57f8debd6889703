SELECT c.id, j.change, j.touched_at, j.due_at, j.touches, j.judged_at
FROM judgement j
JOIN customer c ON c.born = j.customer
WHERE j.due_at <= ?1 AND j.touched_at IS NULL
ORDER BY j.due_at
LIMIT ?2
