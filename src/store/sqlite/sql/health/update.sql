UPDATE counter
SET health = ?1
WHERE id = 1
