SELECT e.arrival, e.identifiers, e.rules_version
FROM evidence_of o
JOIN evidence e ON e.arrival = o.evidence
WHERE o.identifier = ?1
ORDER BY o.evidence DESC
LIMIT ?2
