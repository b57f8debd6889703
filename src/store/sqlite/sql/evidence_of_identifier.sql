SELECT e.arrival, e.identifiers
FROM evidence_of o
JOIN evidence e ON e.arrival = o.evidence
WHERE o.identifier = ?1
