-- Every pair with this identifier, each once: no identifier is linked with itself.
SELECT from_id, to_id, refused, first_at, last_at
FROM link
WHERE from_id = ?1 AND since <= ?2
UNION ALL
SELECT from_id, to_id, refused, first_at, last_at
FROM link
WHERE to_id = ?1 AND since <= ?2
