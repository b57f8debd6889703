-- A search reads only the other ends, and no more than its limit.
SELECT to_id
FROM link
WHERE from_id = ?1 AND refused = 0
LIMIT ?2
