-- The owner of a touchpoint at the moment, if it has changed since.
SELECT owner
FROM past_owner
WHERE touchpoint = ?1 AND until > ?2
ORDER BY until
LIMIT 1
