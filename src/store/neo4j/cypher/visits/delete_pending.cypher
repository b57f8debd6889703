MATCH (p:PendingVisits)
USING INDEX SEEK p:PendingVisits(device, from_at)
WHERE p.device = $device AND p.from_at = $from_at AND p.to_at = $to_at
DELETE p
