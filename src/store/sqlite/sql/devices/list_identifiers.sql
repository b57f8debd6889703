SELECT identifier
FROM stored_on
WHERE device = ?1
ORDER BY identifier
LIMIT ?2
