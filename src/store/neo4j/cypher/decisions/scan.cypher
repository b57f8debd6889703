// Decisions from the index on (arrival).
MATCH (d:Decision)
USING INDEX SEEK d:Decision(arrival)
WHERE d.arrival > $after AND d.arrival < $until
RETURN d.arrival AS arrival, d.at AS at, d.kind AS kind, d.by AS by, d.reason AS reason, d.sides AS sides
ORDER BY d.arrival
LIMIT $limit
