UPDATE evidence
SET identifiers = ?2, outcomes = ?3, message_id = ?4, set_name = ?5
WHERE arrival = ?1
