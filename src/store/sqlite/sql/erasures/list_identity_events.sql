SELECT e.arrival, c.id, e.at, e.kind, e.rule, e.message_id, e.by, e.reason, e.identifiers, e.others
FROM json_each(?1) m
CROSS JOIN customer c ON c.born = m.value
CROSS JOIN identity_event e ON e.customer = c.born
