UNWIND $ids AS id
MATCH (p:PendingVisits)
USING INDEX SEEK p:PendingVisits(device, from_at)
WHERE p.device = id AND p.from_at IS NOT NULL
DELETE p
