SELECT device
FROM stored_on
WHERE identifier = ?1 AND since <= ?2
