-- The range of the other end, in the index (to_id, from_id, refused).
SELECT from_id, to_id, reason, rule, first_at, last_at, count, message_id, source
FROM link
WHERE to_id = ?1
  AND from_id >= ?2
  AND (from_id, to_id, refused) > (?2, ?3, ?4)
  AND (?5 IS NULL OR refused = ?5)
  AND since <= ?7
ORDER BY from_id, refused
LIMIT ?6
