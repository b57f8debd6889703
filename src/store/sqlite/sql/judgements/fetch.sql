SELECT c.born, coalesce(j.change, 0), j.touched_at, j.due_at, j.touches
FROM customer c
LEFT JOIN judgement j ON j.customer = c.born
WHERE c.id = ?1 AND c.survivor IS NULL
