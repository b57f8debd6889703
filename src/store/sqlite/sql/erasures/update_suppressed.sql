UPDATE erased_identifier
SET suppressed = ?2
WHERE hash = ?1 AND suppressed <> ?2
