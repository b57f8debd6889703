SELECT c.id, j.change, j.touched_at, j.due_at, j.touches, j.judged_at
FROM judgement j
JOIN customer c ON c.born = j.customer
WHERE j.touched_at > 0
ORDER BY j.touched_at
LIMIT ?1
