SELECT device, from_at, to_at
FROM pending_visits
WHERE device = ?1
ORDER BY from_at
LIMIT 1
