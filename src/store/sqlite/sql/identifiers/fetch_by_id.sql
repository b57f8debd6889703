SELECT i.id, i.kind, i.value, i.first_seen_at, i.last_seen_at, i.rollup, i.shared_since, c.id
FROM identifier i
LEFT JOIN customer c ON c.born = i.customer
WHERE i.id = ?1
