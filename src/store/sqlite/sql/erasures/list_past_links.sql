SELECT until, first_at, last_at
FROM past_link
WHERE from_id = ?1 AND to_id = ?2 AND refused = ?3
ORDER BY until
