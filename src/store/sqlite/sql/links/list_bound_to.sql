-- The links of the other end, from the index (to_id, from_id, refused) alone.
SELECT from_id
FROM link
WHERE to_id = ?1 AND refused = 0
LIMIT ?2
