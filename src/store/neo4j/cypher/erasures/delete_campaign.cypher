// Campaigns of no touchpoint of others.
UNWIND $keys AS key
MATCH (k:Campaign {key: key})
USING INDEX SEEK k:Campaign(key)
WHERE NOT EXISTS { (k)--() }
DELETE k
RETURN key
