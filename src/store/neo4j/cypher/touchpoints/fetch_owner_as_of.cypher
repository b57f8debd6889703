// The owners of touchpoints at a moment, for touchpoints whose owner has changed since.
UNWIND $keys AS arrival
MATCH (p:PastOwner)
USING INDEX SEEK p:PastOwner(touchpoint, until)
WHERE p.touchpoint = arrival AND p.until > $seq
WITH arrival, p
ORDER BY p.until
RETURN arrival, head(collect(p.owner)) AS owner
