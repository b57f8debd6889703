-- The links of identifiers, each from both ends.
SELECT l.from_id, l.to_id, i.customer IS NOT NULL, l.from_id, l.to_id, l.refused, l.since, l.first_at, l.last_at
FROM json_each(?1) m
CROSS JOIN link l ON l.from_id = m.value
CROSS JOIN identifier i ON i.id = l.to_id
UNION ALL
SELECT l.to_id, l.from_id, i.customer IS NOT NULL, l.from_id, l.to_id, l.refused, l.since, l.first_at, l.last_at
FROM json_each(?1) m
CROSS JOIN link l ON l.to_id = m.value
CROSS JOIN identifier i ON i.id = l.from_id
