SELECT at
FROM touchpoint
WHERE owner = ?1 AND channel = ?2
ORDER BY at DESC
LIMIT 1
