MATCH (p:PendingVisits)
USING INDEX p:PendingVisits(device, from_at)
WHERE p.device > 0 AND p.from_at IS NOT NULL
RETURN p.device AS device, p.from_at AS from_at, p.to_at AS to_at
ORDER BY p.device, p.from_at
LIMIT 1
