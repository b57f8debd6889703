-- By the unique index (value, kind): values differ sooner than kinds, so its comparisons are short.
SELECT i.id, i.kind, i.value, i.first_seen_at, i.last_seen_at, i.rollup, i.shared_since, c.id
FROM identifier i
LEFT JOIN customer c ON c.born = i.customer
WHERE i.kind = ?1 AND i.value = ?2
