UPDATE link
SET message_id = ?4
WHERE from_id = ?1 AND to_id = ?2 AND refused = ?3
