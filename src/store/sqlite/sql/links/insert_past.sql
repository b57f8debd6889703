-- The state of a pair before this change, if the pair existed.
INSERT INTO past_link (from_id, to_id, refused, until, first_at, last_at, count)
SELECT from_id, to_id, refused, ?4, first_at, last_at, count
FROM link
WHERE from_id = ?1 AND to_id = ?2 AND refused = ?3
