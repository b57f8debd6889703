SELECT health
FROM counter
WHERE id = 1
