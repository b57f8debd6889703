SELECT suppressed
FROM erased_identifier
WHERE hash = ?1
