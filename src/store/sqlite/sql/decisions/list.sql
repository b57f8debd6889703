SELECT d.arrival, d.at, d.kind, d.by, d.reason, d.sides
FROM side s
JOIN decision d ON d.arrival = s.decision
WHERE s.identifier = ?1
