UPDATE counter
SET restitched = ?1
WHERE id = 1 AND rules = ?1
