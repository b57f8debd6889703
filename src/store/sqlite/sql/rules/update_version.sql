UPDATE counter
SET rules = ?1
WHERE id = 1
