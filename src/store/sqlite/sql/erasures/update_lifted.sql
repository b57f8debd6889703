UPDATE erased_identifier
SET suppressed = 0
WHERE hash = ?1 AND suppressed = 1
