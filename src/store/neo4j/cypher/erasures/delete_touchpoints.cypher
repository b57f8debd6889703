UNWIND $ids AS id
MATCH (t:Touchpoint)
USING INDEX SEEK t:Touchpoint(owner, at, arrival)
WHERE t.owner = id AND t.at IS NOT NULL AND t.arrival IS NOT NULL
DETACH DELETE t
