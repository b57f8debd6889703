SELECT e.arrival, c.id, e.at, e.kind, e.rule, e.message_id, e.by, e.reason, e.identifiers, e.others
FROM identity_event e
JOIN customer c ON c.born = e.customer
WHERE e.arrival = ?1
