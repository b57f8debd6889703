-- A search asks for these ends only, and for no more than it may look at.
SELECT to_id
FROM link
WHERE from_id = ?1 AND refused = 0
LIMIT ?2
