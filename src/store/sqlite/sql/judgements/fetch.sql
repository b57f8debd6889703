SELECT c.born, coalesce(j.change, 0), j.touched_at, j.due_at, j.touches, j.judged_at
FROM customer c
LEFT JOIN judgement j ON j.customer = c.born
WHERE c.id = ?1 AND c.survivor IS NULL
