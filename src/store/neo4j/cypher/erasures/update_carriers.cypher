// Touchpoints of others on a device that is gone.
UNWIND $ids AS id
MATCH (t:Touchpoint)
USING INDEX SEEK t:Touchpoint(carrier, at, arrival)
WHERE t.carrier = id AND t.at IS NOT NULL AND t.arrival IS NOT NULL
REMOVE t.carrier
