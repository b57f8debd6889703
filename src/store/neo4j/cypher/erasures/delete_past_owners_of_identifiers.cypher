UNWIND $ids AS id
MATCH (p:PastOwner)
USING INDEX SEEK p:PastOwner(owner, at, touchpoint)
WHERE p.owner = id AND p.at IS NOT NULL AND p.touchpoint IS NOT NULL
DETACH DELETE p
