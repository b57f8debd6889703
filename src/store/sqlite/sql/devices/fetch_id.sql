SELECT id
FROM device
WHERE key = ?1
