SELECT identifier
FROM stored_on
WHERE device = ?1 AND since <= ?2
ORDER BY identifier
