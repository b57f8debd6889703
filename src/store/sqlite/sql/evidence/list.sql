SELECT e.arrival, e.identifiers, e.rules_version, e.message_id, e.source, e.at
FROM evidence_of o
JOIN evidence e ON e.arrival = o.evidence
WHERE o.identifier = ?1
