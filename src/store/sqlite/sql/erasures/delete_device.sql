DELETE FROM device
WHERE id = ?1
