// Consents by name. In other statements the first value of an item is the holder. Here it is the owner, and no reader
// uses it.
UNWIND range(0, size($keys) - 1) AS n
MATCH (k:Consent {arrival: $keys[n]})
USING INDEX SEEK k:Consent(arrival)
RETURN n, [k.owner, k.arrival, k.owner, k.purpose, k.channel, k.status, k.expires_at, k.at, k.source] AS item
