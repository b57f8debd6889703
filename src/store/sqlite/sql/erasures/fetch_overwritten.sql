SELECT overwritten
FROM counter
WHERE id = 1
