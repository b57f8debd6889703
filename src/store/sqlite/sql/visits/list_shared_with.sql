-- The shared identifiers that were seen with an identifier, and when.
SELECT l.to_id, l.first_at, l.last_at
FROM link l
JOIN identifier i ON i.id = l.to_id
WHERE l.from_id = ?1 AND i.shared_since IS NOT NULL
UNION ALL
SELECT l.from_id, l.first_at, l.last_at
FROM link l
JOIN identifier i ON i.id = l.from_id
WHERE l.to_id = ?1 AND i.shared_since IS NOT NULL
