SELECT device, from_at, to_at
FROM pending_visits
WHERE device > 0
ORDER BY device, from_at
LIMIT 1
