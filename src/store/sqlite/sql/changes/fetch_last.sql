SELECT seq, at
FROM counter
WHERE id = 1
