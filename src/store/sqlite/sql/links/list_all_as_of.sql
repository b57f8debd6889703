-- Every pair that an identifier is one of, each once: nobody is linked with himself.
SELECT from_id, to_id, refused, first_at, last_at
FROM link
WHERE from_id = ?1 AND since <= ?2
UNION ALL
SELECT from_id, to_id, refused, first_at, last_at
FROM link
WHERE to_id = ?1 AND since <= ?2
