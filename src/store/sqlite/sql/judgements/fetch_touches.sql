SELECT touches
FROM judgement
WHERE customer = ?1 AND touched_at > 0
