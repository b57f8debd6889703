SELECT customers, touchpoints, seq, at
FROM counter
WHERE id = 1
