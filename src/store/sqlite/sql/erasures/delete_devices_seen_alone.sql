DELETE FROM device_seen_alone
WHERE device = ?2 AND identifier IN (SELECT value FROM json_each(?1))
