SELECT first_at, last_at
FROM device_seen_alone
WHERE device = ?1 AND identifier = ?2 AND since <= ?3
