SELECT e.arrival, c.id, e.at, e.kind, e.rule, e.message_id, e.by, e.reason, e.identifiers, e.others
FROM identity_event e
JOIN customer c ON c.born = e.customer
WHERE e.customer = ?1 AND e.arrival > ?2 AND e.arrival < ?4
ORDER BY e.arrival
LIMIT ?3
