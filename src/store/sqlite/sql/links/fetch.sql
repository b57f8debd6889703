SELECT from_id, to_id, reason, rule, first_at, last_at, count, message_id, source
FROM link
WHERE from_id = ?1 AND to_id = ?2 AND refused = ?3
