SELECT rules
FROM counter
WHERE id = 1
