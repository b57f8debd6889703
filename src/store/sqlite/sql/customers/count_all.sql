SELECT customers
FROM counter
WHERE id = 1
