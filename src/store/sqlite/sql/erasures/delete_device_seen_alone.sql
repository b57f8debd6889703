DELETE FROM device_seen_alone
WHERE device = ?1
