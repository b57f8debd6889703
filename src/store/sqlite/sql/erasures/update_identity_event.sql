UPDATE identity_event
SET identifiers = ?2, message_id = ?3, reason = ?4
WHERE arrival = ?1
