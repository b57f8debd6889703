-- The state of a pair at a moment, if it has changed since.
SELECT first_at, last_at, count
FROM past_link
WHERE from_id = ?1 AND to_id = ?2 AND refused = ?3 AND until > ?4
ORDER BY until
LIMIT 1
