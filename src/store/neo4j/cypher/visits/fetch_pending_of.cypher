UNWIND $devices AS device
MATCH (p:PendingVisits)
USING INDEX SEEK p:PendingVisits(device, from_at)
WHERE p.device = device AND p.from_at IS NOT NULL
RETURN p.device AS device, p.from_at AS from_at, p.to_at AS to_at
ORDER BY device, from_at
LIMIT 1
