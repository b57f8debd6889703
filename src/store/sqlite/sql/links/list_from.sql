-- The range of one end in the primary key. The merge over ends is in links.rs.
SELECT from_id, to_id, reason, rule, first_at, last_at, count, message_id, source
FROM link
WHERE from_id = ?1
  AND (from_id, to_id, refused) > (?2, ?3, ?4)
  AND (?5 IS NULL OR refused = ?5)
  AND since <= ?7
ORDER BY from_id, to_id, refused
LIMIT ?6
