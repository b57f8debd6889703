UPDATE identifier
SET customer = ?2, since = ?3
WHERE id = ?1
