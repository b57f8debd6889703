SELECT identifier
FROM stored_on
WHERE device = ?1
