SELECT e.arrival, e.identifiers, e.outcomes, e.message_id
FROM json_each(?1) m
CROSS JOIN evidence_of n ON n.identifier = m.value
CROSS JOIN evidence e ON e.arrival = n.evidence
