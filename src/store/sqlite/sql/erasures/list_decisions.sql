SELECT d.arrival, d.at, d.kind, d.by, d.reason, d.sides
FROM json_each(?1) m
CROSS JOIN side s ON s.identifier = m.value
CROSS JOIN decision d ON d.arrival = s.decision
