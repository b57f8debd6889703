// Each with the owner before and the owner after.
MATCH (p:PastOwner)
USING INDEX SEEK p:PastOwner(until, touchpoint)
WHERE p.until > $after AND p.until <= $upto AND p.touchpoint IS NOT NULL
RETURN p.touchpoint AS touchpoint, p.at AS at, p.owner AS owner, p.to AS next
ORDER BY p.until, p.touchpoint
