SELECT first_at, last_at
FROM device_seen_alone
WHERE device = ?1 AND since <= ?2
