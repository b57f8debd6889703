UPDATE segment_version
SET deleted = ?3
WHERE segment = ?1 AND version = ?2
