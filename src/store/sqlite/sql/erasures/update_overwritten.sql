UPDATE counter
SET overwritten = 1
WHERE id = 1
